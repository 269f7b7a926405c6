// The one place where camtap-source sleeps between frames: until a moment, news on a descriptor, or the
// daemon's hang-up.
#pragma once

#include <cstdint>

namespace camtap::source {

class Waiter {
  public:
    enum class Woken { due, ready, hang_up };

    // `connection`: the socket to the daemon, only watched for its hang-up; −1: none. Not owned.
    explicit Waiter(int connection) : connection_(connection) {}

    // CLOCK_MONOTONIC; kNever: for ever. `fd` −1: none. hang_up goes before the others.
    Woken wait(int64_t until_ns, int fd) const;

    bool hung_up() const { return wait(0, -1) == Woken::hang_up; }

  private:
    int connection_;
};

}  // namespace camtap::source
