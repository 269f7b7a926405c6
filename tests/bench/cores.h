// Which core a process runs on, and how much of it it used.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace camtap::bench {

enum class Placement {
    across,    // publisher and daemon on one core, readers on the others in turn
    together,  // all on one core
    free       // as the kernel likes
};
const char* name(Placement placement);

// The cores that this program was given.
class Cores {
  public:
    Cores();
    size_t count() const { return all_.size(); }
    // `seat` 0 is the publisher's and the daemon's, 1 the first reader's, and so on. Pid 0 is the caller.
    void place(pid_t pid, Placement placement, size_t seat) const;

  private:
    std::vector<int> all_;
};

// CPU time of a process so far, another's too.
int64_t cpu_ns_of(pid_t pid);
// Of the calling thread.
int64_t thread_cpu_ns();
// What a pair of thread_cpu_ns() adds to what stands between them.
int64_t thread_cpu_overhead_ns();

}  // namespace camtap::bench
