#include "top_view.h"

#include <cstring>
#include <optional>

#include "format.h"
#include "table.h"
#include "text.h"

namespace camtap::tools {
namespace {

constexpr size_t kIndent = 4;

std::string count_of(size_t n, const char* what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

std::string summary(const Snapshot& now) {
    double memory_bytes = 0;
    for (const camtap_stream_info& stream : now.streams)
        memory_bytes += static_cast<double>(stream.memory_bytes);
    return "camtap: " + count_of(now.streams.size(), "stream") + ", " + count_of(now.taps.size(), "tap") +
           ", " + format_bytes(memory_bytes);
}

Table stream_table(const Snapshot* before, const Snapshot& now) {
    Table table({{"STREAM"},
                 {"STATE"},
                 {"SIZE"},
                 {"FORMAT"},
                 {"FRAMES/S", Align::right},
                 {"BYTES/S", Align::right},
                 {"AGE", Align::right},
                 {"MEMORY", Align::right},
                 {"TAPS", Align::right}});
    for (const camtap_stream_info& s : now.streams) {
        const std::optional<double> frames = before != nullptr ? stream_rate(*before, now, s) : std::nullopt;
        const auto bytes =
            frames ? std::optional(*frames * static_cast<double>(s.image.bytes)) : std::nullopt;
        table.add({s.name, camtap_stream_state_name(s.state), format_size(s.image), format_pixels(s.image),
                   format_rate(frames), format_byte_rate(bytes),
                   s.image.width == 0 ? kNothing : format_duration(now.at_ns - s.newest_capture_ns),
                   format_bytes(static_cast<double>(s.memory_bytes)),
                   std::to_string(s.taps) + "/" + std::to_string(s.max_taps)});
    }
    return table;
}

Table tap_table(const Snapshot* before, const Snapshot& now) {
    Table table({{"USER"},
                 {"PID", Align::right},
                 {"PROGRAM"},
                 {"FRAMES/S", Align::right},
                 {"HELD", Align::right},
                 {"MISSED"}},
                kIndent);
    for (const camtap_tap_info& tap : now.taps) {
        const std::optional<double> frames = before != nullptr ? tap_rate(*before, now, tap) : std::nullopt;
        table.add({format_user(tap.uid), std::to_string(tap.pid), tap.program, format_rate(frames),
                   std::to_string(tap.frames_held),
                   format_missed(tap.missed) + (tap.dismissed != 0 ? " (dismissed)" : "")});
    }
    return table;
}

}  // namespace

std::vector<std::string> top_view(const Snapshot* before, const Snapshot& now) {
    const Table streams = stream_table(before, now);
    const Table taps = tap_table(before, now);
    std::vector<std::string> lines = {summary(now), streams.header()};
    if (taps.rows() > 0) lines.push_back(taps.header());
    for (size_t i = 0; i < now.streams.size(); ++i) {
        const camtap_stream_info& stream = now.streams[i];
        lines.push_back(streams.row(i));
        if (stream.reason[0] != '\0') lines.push_back(std::string(kIndent, ' ') + printable(stream.reason));
        for (size_t j = 0; j < now.taps.size(); ++j) {
            if (std::strcmp(now.taps[j].stream, stream.name) == 0) lines.push_back(taps.row(j));
        }
    }
    return lines;
}

}  // namespace camtap::tools
