// How long to wait before the daemon is tried again.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/clock.h"

namespace camtap::client {

// 10 ms, doubling up to 200 ms: a daemon that is started again is found at once, one that is away costs
// nothing.
class Backoff {
  public:
    int64_t next_ns() {
        delay_ns_ = std::clamp(2 * delay_ns_, kFirst, kLast);
        return delay_ns_;
    }
    void reset() { delay_ns_ = 0; }

  private:
    static constexpr int64_t kFirst = 10 * kNsPerMs;
    static constexpr int64_t kLast = 200 * kNsPerMs;
    int64_t delay_ns_ = 0;
};

// A connection that lasted so long was no failure.
inline constexpr int64_t kLastedNs = kNsPerSecond;

}  // namespace camtap::client
