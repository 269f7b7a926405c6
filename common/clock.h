// The one clock of camtap: CLOCK_MONOTONIC in nanoseconds, the same in every process of a machine.
#pragma once

#include <time.h>

#include <cstdint>

namespace camtap {

inline constexpr int64_t kNsPerMs = 1'000'000;
inline constexpr int64_t kNsPerSecond = 1'000'000'000;

inline int64_t monotonic_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<int64_t>(t.tv_sec) * kNsPerSecond + t.tv_nsec;
}

// The same, but as of the kernel's last tick, which is up to 10 ms ago: a fifth of the cost.
inline int64_t coarse_monotonic_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return static_cast<int64_t>(t.tv_sec) * kNsPerSecond + t.tv_nsec;
}

inline timespec to_timespec(int64_t ns) {
    return timespec{static_cast<time_t>(ns / kNsPerSecond), static_cast<long>(ns % kNsPerSecond)};
}

}  // namespace camtap
