// The C interface: names of codes, states and formats.
#include <algorithm>
#include <cstdio>
#include <iterator>

#include "camtap/camtap.h"
#include "client/image.h"

#define CAMTAP_STRING_OF(x) #x
#define CAMTAP_STRING(x) CAMTAP_STRING_OF(x)

const char* camtap_version(void) {
    return CAMTAP_STRING(CAMTAP_VERSION_MAJOR) "." CAMTAP_STRING(CAMTAP_VERSION_MINOR) "." CAMTAP_STRING(
        CAMTAP_VERSION_PATCH);
}

const char* camtap_error_name(camtap_error error) {
    static constexpr const char* kNames[] = {"ok",        "timeout",   "stale",          "ended",
                                             "gone",      "no_daemon", "unknown_stream", "not_allowed",
                                             "bad_name",  "version",   "limit",          "too_many_frames",
                                             "no_memory", "invalid",   "protocol",       "system",
                                             "forked",    "too_big",   "no_slot",        "busy",
                                             "malformed"};
    const int code = -static_cast<int>(error);
    return code >= 0 && code < static_cast<int>(std::size(kNames)) ? kNames[code] : "unknown_error";
}

const char* camtap_stream_state_name(uint32_t state) {
    static constexpr const char* kNames[] = {"waiting", "opening",    "live",  "stale",
                                             "offline", "restarting", "ended", "gone"};
    return state >= 1 && state <= std::size(kNames) ? kNames[state - 1] : "unknown";
}

const char* camtap_tap_state_name(uint32_t state) {
    static constexpr const char* kNames[] = {"connecting", "live",  "stale", "offline",
                                             "restarting", "ended", "gone"};
    return state >= 1 && state <= std::size(kNames) ? kNames[state - 1] : "unknown";
}

size_t camtap_depth_bytes(uint32_t depth) {
    return camtap::client::depth_bytes(depth);
}

namespace {

struct NamedFormat {
    uint32_t fourcc;
    uint16_t depth;
    uint16_t channels;
    const char* name;
};

constexpr NamedFormat kNamedFormats[] = {{CAMTAP_FOURCC_BGR8, CAMTAP_U8, 3, "bgr8"},
                                         {CAMTAP_FOURCC_BGRA8, CAMTAP_U8, 4, "bgra8"},
                                         {CAMTAP_FOURCC_GRAY8, CAMTAP_U8, 1, "gray8"},
                                         {CAMTAP_FOURCC_GRAY16, CAMTAP_U16, 1, "gray16"}};

}  // namespace

void camtap_format_name(const camtap_image* image, char* text, size_t text_bytes) {
    if (image == nullptr || text == nullptr || text_bytes == 0) return;
    for (const NamedFormat& format : kNamedFormats) {
        if (image->fourcc != format.fourcc || image->depth != format.depth ||
            image->channels != format.channels) {
            continue;
        }
        std::snprintf(text, text_bytes, "%s", format.name);
        return;
    }
    static constexpr const char* kDepths[] = {"u8", "s8", "u16", "s16", "s32", "f32", "f64", "f16"};
    if (image->fourcc == CAMTAP_FOURCC_NONE && image->depth < std::size(kDepths) && image->channels >= 1) {
        std::snprintf(text, text_bytes, "%sx%u", kDepths[image->depth],
                      static_cast<unsigned>(image->channels));
        return;
    }
    std::snprintf(text, text_bytes, "unknown");
}
