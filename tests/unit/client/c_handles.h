// The C interface with owners, for tests.
#pragma once

#include <memory>
#include <string>

#include "camtap/camtap.h"
#include "common/clock.h"

namespace camtap::test {

struct Release {
    void operator()(camtap_tap* tap) const { camtap_tap_close(tap); }
    void operator()(camtap_frame* frame) const { camtap_frame_release(frame); }
    void operator()(camtap_publisher* publisher) const { camtap_publisher_close(publisher); }
};
using TapHandle = std::unique_ptr<camtap_tap, Release>;
using FrameHandle = std::unique_ptr<camtap_frame, Release>;
using PublisherHandle = std::unique_ptr<camtap_publisher, Release>;

inline constexpr int64_t kLong =
    60 * kNsPerSecond;  // an end for tests that would hang; never reached by good code

inline camtap_error open_tap(const std::string& socket, TapHandle& tap, bool oldest = false,
                             int64_t timeout_ns = kLong, const char* stream = "front") {
    camtap_tap_options options = CAMTAP_INIT(camtap_tap_options);
    options.socket_path = socket.c_str();
    options.start_oldest = oldest ? 1 : 0;
    options.attach_timeout_ns = timeout_ns;
    camtap_tap* opened = nullptr;
    const camtap_error error = camtap_tap_open(stream, &options, &opened);
    tap.reset(opened);
    return error;
}

// A frame, or the error why there is none.
struct Got {
    camtap_error error = CAMTAP_OK;
    FrameHandle frame;
    uint64_t sequence() const { return frame ? camtap_frame_get_info(frame.get())->sequence : 0; }
    const camtap_frame_info& info() const { return *camtap_frame_get_info(frame.get()); }
    uint8_t pixel() const { return *static_cast<const uint8_t*>(camtap_frame_data(frame.get())); }
};

inline Got next(const TapHandle& tap, int64_t timeout_ns = kLong) {
    camtap_frame* frame = nullptr;
    const camtap_error error = camtap_tap_next(tap.get(), timeout_ns, &frame);
    return {error, FrameHandle(frame)};
}
inline Got try_next(const TapHandle& tap) {
    camtap_frame* frame = nullptr;
    const camtap_error error = camtap_tap_try_next(tap.get(), &frame);
    return {error, FrameHandle(frame)};
}
inline Got latest(const TapHandle& tap, int64_t timeout_ns = kLong, int64_t max_age_ns = -1) {
    camtap_frame* frame = nullptr;
    const camtap_error error = camtap_tap_latest(tap.get(), timeout_ns, max_age_ns, &frame);
    return {error, FrameHandle(frame)};
}
inline camtap_tap_status status_of(const TapHandle& tap) {
    camtap_tap_status status = CAMTAP_INIT(camtap_tap_status);
    if (camtap_tap_get_status(tap.get(), &status) != CAMTAP_OK) status.size = 0;
    return status;
}
inline uint64_t sum(const camtap_missed& m) {
    return m.source_gap + m.decode_error + m.no_slot + m.too_slow + m.skipped + m.restart;
}

}  // namespace camtap::test
