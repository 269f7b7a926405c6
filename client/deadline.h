// The moment at which a call that may block gives up.
#pragma once

#include <cstdint>
#include <limits>

#include "common/clock.h"

namespace camtap::client {

// Of a timeout as camtap.h has it: 0 is now, negative is never.
class Deadline {
  public:
    explicit Deadline(int64_t timeout_ns) {
        if (timeout_ns < 0) return;
        const int64_t now = monotonic_ns();
        if (timeout_ns < kNever - now) at_ns_ = now + timeout_ns;
    }

    int64_t at_ns() const { return at_ns_; }
    bool passed() const { return at_ns_ != kNever && monotonic_ns() >= at_ns_; }

    static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  private:
    int64_t at_ns_ = kNever;
};

}  // namespace camtap::client
