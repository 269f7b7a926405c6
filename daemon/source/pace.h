// When frames are due: an absolute schedule, so that neither rounding nor slow frames add up to a drift.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

#include "common/clock.h"

namespace camtap::source {

// Where frame `n` of a recording of `fps` frames per second lies, in nanoseconds from its beginning.
inline int64_t frame_offset_ns(uint64_t n, double fps) {
    return std::llround(static_cast<long double>(n) * kNsPerSecond / static_cast<long double>(fps));
}

// Ties offsets in a recording to the clock on the wall. The first frame is due when it is asked for. One that
// comes late by more than the slack moves the schedule instead of being chased by a burst of the frames
// behind it.
class FrameClock {
  public:
    static constexpr int64_t kSlackNs = 100 * kNsPerMs;

    // When the frame at `offset_ns` is due: in the future, or at most the slack ago.
    int64_t due_ns(int64_t offset_ns, int64_t now_ns) {
        if (!start_ns_) start_ns_ = now_ns - offset_ns;
        const int64_t late_ns = now_ns - (*start_ns_ + offset_ns);
        if (late_ns > kSlackNs) *start_ns_ += late_ns;
        return *start_ns_ + offset_ns;
    }

  private:
    std::optional<int64_t> start_ns_;
};

}  // namespace camtap::source
