// For what only happens when two processes really run at the same time.
#pragma once

#include <sched.h>

namespace camtap::test {

// Test and daemon each on a core of its own, where there are two, so that they really run at the same time.
class OnTwoCores {
  public:
    explicit OnTwoCores(pid_t daemon) {
        sched_getaffinity(0, sizeof before_, &before_);
        if (pin(daemon, 0)) pin(0, 1);
    }
    ~OnTwoCores() { sched_setaffinity(0, sizeof before_, &before_); }
    OnTwoCores(const OnTwoCores&) = delete;
    OnTwoCores& operator=(const OnTwoCores&) = delete;

  private:
    static bool pin(pid_t process, size_t core) {
        cpu_set_t only;
        CPU_ZERO(&only);
        CPU_SET(core, &only);
        return sched_setaffinity(process, sizeof only, &only) == 0;
    }
    cpu_set_t before_;
};

}  // namespace camtap::test
