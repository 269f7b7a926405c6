#include "tests/fuzz/waiting.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <cstdarg>

#include "common/check.h"
#include "common/clock.h"

namespace camtap::fuzz {

static Waiting* in_charge = nullptr;

Waiting::Waiting(std::function<bool()> turn) : turn_(std::move(turn)), now_ns_(1000 * kNsPerSecond) {
    CAMTAP_CHECK(in_charge == nullptr);
    in_charge = this;
}

Waiting::~Waiting() {
    in_charge = nullptr;
}

bool Waiting::wait(int64_t ns) {
    if (turn_()) {
        pass(kNsPerMs);
        return true;
    }
    CAMTAP_CHECK(ns >= 0);  // who waits for ever while nothing happens any more, hangs
    pass(std::max<int64_t>(ns, 1));
    return false;
}

static int64_t to_ns(const timespec* t) {
    return t == nullptr ? -1 : t->tv_sec * kNsPerSecond + t->tv_nsec;
}

}  // namespace camtap::fuzz

using camtap::fuzz::in_charge;
using camtap::fuzz::to_ns;

// Named by the linker. To look at the clock takes a moment, so that nobody can look at it for ever.
extern "C" {
int __real_clock_gettime(clockid_t clock, timespec* t);
int __wrap_clock_gettime(clockid_t clock, timespec* t);
int __real_ppoll(pollfd* entries, nfds_t count, const timespec* timeout, const sigset_t* mask);
int __wrap_ppoll(pollfd* entries, nfds_t count, const timespec* timeout, const sigset_t* mask);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

int __wrap_clock_gettime(clockid_t clock, timespec* t) {
    const bool monotonic = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE;
    if (in_charge == nullptr || !monotonic) return __real_clock_gettime(clock, t);
    in_charge->pass(1000);
    *t = camtap::to_timespec(in_charge->now_ns());
    return 0;
}

int __wrap_ppoll(pollfd* entries, nfds_t count, const timespec* timeout, const sigset_t* mask) {
    if (in_charge == nullptr) return __real_ppoll(entries, count, timeout, mask);
    const timespec none{};
    const int ready = __real_ppoll(entries, count, &none, mask);
    if (ready == 0) in_charge->wait(to_ns(timeout));
    return ready;
}

long __wrap_syscall(long number, ...) {
    long a[6];
    va_list list;
    va_start(list, number);
    for (long& argument : a) argument = va_arg(list, long);
    va_end(list);
    if (in_charge != nullptr && number == SYS_futex && a[1] == FUTEX_WAIT) {
        if (in_charge->wait(to_ns(reinterpret_cast<const timespec*>(a[3])))) return 0;
        errno = ETIMEDOUT;
        return -1;
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
}
