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

// What the kernel returns, a failure as −errno. In a release for x86-64 the call is made in line: libc's syscall() is one
// more page of code that is cold on a frame's way, for the publisher that wakes and for the tap that is woken. Elsewhere
// tests stand in for syscall().
inline long futex(const std::atomic<uint32_t>& word, int operation, uint32_t value, const timespec* timeout) {
#if defined(__x86_64__) && defined(NDEBUG)
    long result = SYS_futex;
    register const timespec* r10 asm("r10") = timeout;
    asm volatile("syscall"
                 : "+a"(result)
                 : "D"(&word), "S"(operation), "d"(value), "r"(r10)
                 : "rcx", "r11", "memory");
    return result;
#else
    const long result = syscall(SYS_futex, &word, operation, value, timeout, nullptr, 0);
    return result < 0 ? -errno : result;
#endif
}

// Blocks until the word differs from `seen`, somebody wakes it, a signal comes or `timeout_ns` has passed.
// May return early for no reason: callers look again at what they are waiting for. True: the time has passed.
inline bool futex_wait(const std::atomic<uint32_t>& word, uint32_t seen, int64_t timeout_ns) {
    const timespec t = to_timespec(timeout_ns < 0 ? 0 : timeout_ns);
    return futex(word, FUTEX_WAIT, seen, &t) == -ETIMEDOUT;
}

// Wakes every sleeper. Never blocks.
inline void futex_wake_all(std::atomic<uint32_t>& word) {
    futex(word, FUTEX_WAKE, INT_MAX, nullptr);
}

}  // namespace camtap
