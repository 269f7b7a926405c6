// Sleeping on a word in shared memory. Raw system calls, because std::atomic::wait() uses private futexes and
// does not wake another process. The word may lie in a read-only mapping for wait(); the kernel keys it by
// the memfd's page.
#pragma once

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>

#include "common/clock.h"

namespace camtap {

// Blocks until the word differs from `seen`, somebody wakes it, a signal comes or `timeout_ns` has passed.
// May return early for no reason: callers look again at what they are waiting for. True: the time has passed.
inline bool futex_wait(const std::atomic<uint32_t>& word, uint32_t seen, int64_t timeout_ns) {
    const timespec t = to_timespec(timeout_ns < 0 ? 0 : timeout_ns);
    return syscall(SYS_futex, &word, FUTEX_WAIT, seen, &t, nullptr, 0) != 0 && errno == ETIMEDOUT;
}

// Wakes every sleeper. Never blocks.
inline void futex_wake_all(std::atomic<uint32_t>& word) {
    syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace camtap
