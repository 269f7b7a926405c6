#include "snapshot.h"

#include <algorithm>
#include <cstring>

namespace camtap::tools {
namespace {

std::optional<double> rate(uint64_t before, uint64_t now, int64_t ns) {
    if (now < before || ns <= 0) return std::nullopt;  // the daemon was started again: its counts begin at 0
    return static_cast<double>(now - before) * 1e9 / static_cast<double>(ns);
}

}  // namespace

std::optional<double> stream_rate(const Snapshot& before, const Snapshot& now,
                                  const camtap_stream_info& stream) {
    const auto same = std::find_if(before.streams.begin(), before.streams.end(), [&](const auto& other) {
        return std::strcmp(other.name, stream.name) == 0;
    });
    if (same == before.streams.end()) return std::nullopt;
    return rate(same->published, stream.published, now.at_ns - before.at_ns);
}

std::optional<double> tap_rate(const Snapshot& before, const Snapshot& now, const camtap_tap_info& tap) {
    const auto same = std::find_if(before.taps.begin(), before.taps.end(), [&](const auto& other) {
        return other.session == tap.session && other.pid == tap.pid && other.since_ns == tap.since_ns;
    });
    if (same == before.taps.end()) return std::nullopt;
    return rate(same->delivered, tap.delivered, now.at_ns - before.at_ns);
}

}  // namespace camtap::tools
