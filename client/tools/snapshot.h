// What the daemon says of its streams and taps at one moment, and the rates between two such moments.
#pragma once

#include <camtap/camtap.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace camtap::tools {

struct Snapshot {
    int64_t at_ns = 0;  // CLOCK_MONOTONIC
    std::vector<camtap_stream_info> streams;
    std::vector<camtap_tap_info> taps;
};

// Frames per second since `before`. Nothing if `before` doesn't know the stream, or its count has begun anew
// since.
std::optional<double> stream_rate(const Snapshot& before, const Snapshot& now,
                                  const camtap_stream_info& stream);
std::optional<double> tap_rate(const Snapshot& before, const Snapshot& now, const camtap_tap_info& tap);

}  // namespace camtap::tools
