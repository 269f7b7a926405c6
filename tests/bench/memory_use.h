// Memory of several processes, what they share counted once.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace camtap::bench {

struct MemoryUse {
    uint64_t bytes = 0;   // proportional set size
    uint64_t shared = 0;  // of that, shared memory: files in tmpfs, memfds
};

// Without the bench's board. Throws nothing: a process that is gone uses nothing.
MemoryUse memory_use(const std::vector<pid_t>& processes);

}  // namespace camtap::bench
