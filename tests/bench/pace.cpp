#include "pace.h"

#include <errno.h>
#include <time.h>

#include <algorithm>

#include "common/clock.h"

namespace camtap::bench {

Pace::Pace(int64_t period_ns) : period_ns_(period_ns), next_ns_(monotonic_ns() + period_ns) {}

void Pace::wait() {
    const timespec at = to_timespec(next_ns_);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
    }
    next_ns_ = std::max(next_ns_ + period_ns_, monotonic_ns());
}

void sleep_for(int64_t ns) {
    Pace(ns).wait();
}

}  // namespace camtap::bench
