#include "describe.h"

#include "format.h"

namespace camtap::tools {
namespace {

double ms(int64_t ns) {
    return static_cast<double>(ns) / 1e6;
}

void describe_image(JsonWriter& json, const camtap_image& image) {
    json.begin_object()
        .member("width", image.width)
        .member("height", image.height)
        .member("format", format_pixels(image))
        .member("stride", image.stride)
        .member("bytes", image.bytes)
        .end();
}

}  // namespace

void describe(JsonWriter& json, const camtap_missed& missed) {
    json.begin_object()
        .member("source_gap", missed.source_gap)
        .member("decode_error", missed.decode_error)
        .member("no_slot", missed.no_slot)
        .member("too_slow", missed.too_slow)
        .member("skipped", missed.skipped)
        .member("restart", missed.restart)
        .end();
}

void describe(JsonWriter& json, const camtap_tap_info& tap, int64_t now_ns) {
    json.begin_object()
        .member("stream", tap.stream)
        .member("program", tap.program)
        .member("pid", tap.pid)
        .member("uid", tap.uid)
        .member("user", format_user(tap.uid))
        .member("session", tap.session)
        .member("since_seconds", ms(now_ns - tap.since_ns) / 1e3)
        .member("frames_held", tap.frames_held)
        .member("delivered", tap.delivered)
        .member("last_sequence", tap.last_sequence)
        .member("dismissed", tap.dismissed != 0)
        .key("missed");
    describe(json, tap.missed);
    json.end();
}

double copies_per_frame(const camtap_stream_info& s) {
    return s.published == 0 ? 0 : static_cast<double>(s.copies) / static_cast<double>(s.published);
}

void describe_members(JsonWriter& json, const camtap_stream_info& s, int64_t now_ns) {
    json.member("name", s.name)
        .member("source", s.source)
        .member("state", camtap_stream_state_name(s.state))
        .member("reason", s.reason);
    json.key("image");
    s.image.width == 0 ? static_cast<void>(json.null()) : describe_image(json, s.image);
    json.key("age_ms");
    s.image.width == 0 ? json.null() : json.value(ms(now_ns - s.newest_capture_ns));
    json.member("newest_capture_ns", s.newest_capture_ns)
        .member("newest_publish_ns", s.newest_publish_ns)
        .member("head", s.head)
        .member("published", s.published)
        .member("captured", s.captured)
        .member("source_gap", s.source_gap)
        .member("decode_error", s.decode_error)
        .member("no_slot", s.no_slot)
        .member("copies_per_frame", copies_per_frame(s))
        .member("memory_bytes", s.memory_bytes)
        .member("segment_bytes", s.segment_bytes)
        .member("generation", s.generation)
        .member("slots", s.slots)
        .member("depth", s.depth)
        .member("taps", s.taps)
        .member("max_taps", s.max_taps)
        .member("max_pins", s.max_pins)
        .member("restarts", s.restarts)
        .member("publisher_uid", s.publisher_uid)
        .member("publisher_pid", s.publisher_pid);
}

}  // namespace camtap::tools
