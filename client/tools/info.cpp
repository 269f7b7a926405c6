// camtap info: all that the daemon knows of one stream and its taps.
#include <camtap/camtap.hpp>
#include <cstdio>
#include <memory>

#include "commands.h"
#include "describe.h"
#include "format.h"
#include "table.h"
#include "text.h"

namespace camtap::tools {
namespace {

using Taps = std::vector<camtap_tap_info>;

std::string as_json(const camtap_stream_info& stream, const Taps& taps) {
    JsonWriter json;
    json.begin_object();
    describe_members(json, stream, now_ns());
    json.key("taps_attached").begin_array();
    for (const camtap_tap_info& tap : taps) describe(json, tap, now_ns());
    json.end();
    return json.end().text() + "\n";
}

std::string field(const char* name, const std::string& value) {
    std::string line = std::string(name) + ":";
    line.resize(15, ' ');
    return line + printable(value) + "\n";
}

std::string publisher(const camtap_stream_info& s) {
    if (s.publisher_pid == 0) return "none";
    return "pid " + std::to_string(s.publisher_pid) + ", user " + format_user(s.publisher_uid);
}

std::string image(const camtap_image& i) {
    if (i.width == 0) return "no frame yet";
    return format_size(i) + " " + format_pixels(i) + ", stride " + std::to_string(i.stride) + " B, " +
           format_bytes(static_cast<double>(i.bytes));
}

std::string fields(const camtap_stream_info& s) {
    const bool has_frame = s.image.width != 0;
    std::string text = field("stream", s.name) + field("source", s.source) +
                       field("state", camtap_stream_state_name(s.state));
    if (s.reason[0] != '\0') text += field("reason", s.reason);
    text += field("publisher", publisher(s)) + field("restarts", std::to_string(s.restarts));
    text += field("frame", image(s.image));
    if (has_frame) {
        text +=
            field("newest", std::to_string(s.head) + ", captured " +
                                format_duration(now_ns() - s.newest_capture_ns) + " ago, published " +
                                format_duration(s.newest_publish_ns - s.newest_capture_ns) + " after that");
    }
    text += field("captured", std::to_string(s.captured)) + field("published", std::to_string(s.published));
    text += field("lost", "source_gap " + std::to_string(s.source_gap) + ", decode_error " +
                              std::to_string(s.decode_error) + ", no_slot " + std::to_string(s.no_slot));
    text += field("copies", format_fixed(copies_per_frame(s), 2) + " per frame, on its way into its slot");
    text += field("memory", format_bytes(static_cast<double>(s.memory_bytes)) + " of at most " +
                                format_bytes(static_cast<double>(s.segment_bytes)));
    text += field("slots", std::to_string(s.slots) + ", newest " + std::to_string(s.depth) + " frames kept");
    text += field("generation", std::to_string(s.generation));
    text += field("taps", std::to_string(s.taps) + " of at most " + std::to_string(s.max_taps) + ", " +
                              std::to_string(s.max_pins) + " frames held by each at most");
    return text;
}

std::string table(const Taps& taps) {
    if (taps.empty()) return {};
    Table rows({{"USER"},
                {"PID", Align::right},
                {"PROGRAM"},
                {"SINCE", Align::right},
                {"HELD", Align::right},
                {"DELIVERED", Align::right},
                {"LAST", Align::right},
                {"MISSED"}});
    for (const camtap_tap_info& tap : taps) {
        rows.add({format_user(tap.uid), std::to_string(tap.pid), tap.program,
                  format_duration(now_ns() - tap.since_ns), std::to_string(tap.frames_held),
                  std::to_string(tap.delivered), std::to_string(tap.last_sequence),
                  format_missed(tap.missed) + (tap.dismissed != 0 ? " (dismissed)" : "")});
    }
    return "\n" + rows.text();
}

int inform(const Asked& asked, bool wants_json) {
    const std::vector<camtap_stream_info> streams = list_streams(asked.socket, asked.stream);
    if (streams.empty()) {
        return fail(asked, CAMTAP_ERROR_UNKNOWN_STREAM,
                    "no stream named '" + asked.stream + "' is configured");
    }
    const Taps taps = list_taps(asked.socket, asked.stream);
    const std::string text = wants_json ? as_json(streams[0], taps) : fields(streams[0]) + table(taps);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kOk;
}

}  // namespace

void add_info(CLI::App& app, Tool& tool) {
    CLI::App* sub = app.add_subcommand("info", "tell all about one stream and those who tap it");
    sub->add_option("name", tool.asked.stream, "the stream")->required();
    const auto wants_json = std::make_shared<bool>(false);
    sub->add_flag("--json", *wants_json, "one object");
    sub->callback(
        [&tool, wants_json] { tool.run = [&tool, wants_json] { return inform(tool.asked, *wants_json); }; });
}

}  // namespace camtap::tools
