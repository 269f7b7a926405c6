// The C interface: taps and frames.
#include <cstdio>
#include <cstdlib>

#include "client/greeting.h"
#include "client/last_error.h"
#include "client/struct_size.h"
#include "client/tap.h"

using camtap::Code;
using camtap::Error;
using camtap::Result;
using camtap::Status;
using namespace camtap::client;

// What a program knows as a camtap_tap is a Tap.
static Tap& itself(camtap_tap* tap) {
    return *reinterpret_cast<Tap*>(tap);
}

static Result<TapSettings> settings_of(const camtap_tap_options* options) {
    TapSettings settings;
    camtap_tap_options taken{};
    if (options != nullptr) {
        Result<camtap_tap_options> known = take_struct(options, "camtap_tap_options");
        if (!known.ok()) return known.error();
        taken = *known;
    }
    settings.socket_path = socket_path_or_default(taken.socket_path);
    settings.start_oldest = taken.start_oldest != 0;
    settings.attach_timeout_ns = taken.attach_timeout_ns;
    return settings;
}

camtap_error camtap_tap_open(const char* stream, const camtap_tap_options* options, camtap_tap** tap) {
    return guarded([&]() -> Status {
        if (stream == nullptr || tap == nullptr)
            return Error{Code::invalid, 0, "a stream name and a place for the tap are needed"};
        const Result<TapSettings> settings = settings_of(options);
        if (!settings.ok()) return settings.error();
        Result<std::unique_ptr<Tap>> opened = Tap::open(stream, *settings);
        if (!opened.ok()) return opened.error();
        *tap = reinterpret_cast<camtap_tap*>((*opened).release());
        return success();
    });
}

void camtap_tap_close(camtap_tap* tap) {
    delete reinterpret_cast<Tap*>(tap);
}

// One of the three ways to get a frame.
template <class Get>
static camtap_error get_frame(camtap_tap* tap, camtap_frame** frame, Get get) {
    return guarded([&]() -> Status {
        if (tap == nullptr || frame == nullptr)
            return Error{Code::invalid, 0, "a tap and a place for the frame are needed"};
        Result<FramePtr> got = get(itself(tap));
        if (!got.ok()) return got.error();
        *frame = got->release();
        return success();
    });
}

[[gnu::hot]] camtap_error camtap_tap_next(camtap_tap* tap, int64_t timeout_ns, camtap_frame** frame) {
    return get_frame(tap, frame, [&](Tap& t) { return t.next(timeout_ns); });
}

camtap_error camtap_tap_try_next(camtap_tap* tap, camtap_frame** frame) {
    return get_frame(tap, frame, [&](Tap& t) { return t.try_next(); });
}

[[gnu::hot]] camtap_error camtap_tap_latest(camtap_tap* tap, int64_t timeout_ns, int64_t max_age_ns,
                                            camtap_frame** frame) {
    return get_frame(tap, frame, [&](Tap& t) { return t.latest(timeout_ns, max_age_ns); });
}

int camtap_tap_fd(camtap_tap* tap) {
    int fd = -1;
    const camtap_error error = guarded([&]() -> Status {
        if (tap == nullptr) return Error{Code::invalid, 0, "a tap is needed"};
        const Result<int> got = itself(tap).fd();
        if (!got.ok()) return got.error();
        fd = *got;
        return success();
    });
    return error == CAMTAP_OK ? fd : static_cast<int>(error);
}

camtap_error camtap_tap_get_status(camtap_tap* tap, camtap_tap_status* status) {
    return guarded([&]() -> Status {
        if (tap == nullptr) return Error{Code::invalid, 0, "a tap is needed"};
        if (Status fillable = check_struct(status, "camtap_tap_status"); !fillable.ok()) return fillable;
        const Result<camtap_tap_status> got = itself(tap).status();
        if (!got.ok()) return got.error();
        give_struct(*got, status);
        return success();
    });
}

[[gnu::hot]] const camtap_frame_info* camtap_frame_get_info(const camtap_frame* frame) {
    return &frame->info;
}

[[gnu::hot]] const void* camtap_frame_data(const camtap_frame* frame) {
    return frame->data;
}

camtap_error camtap_frame_copy(const camtap_frame* frame, void* destination, size_t destination_bytes,
                               size_t destination_stride) {
    return guarded([&]() -> Status {
        if (frame == nullptr || destination == nullptr)
            return Error{Code::invalid, 0, "a frame and a destination are needed"};
        return copy_rows(*frame, destination, destination_bytes, destination_stride);
    });
}

// As free() does: what goes on with a frame that isn't its own any more may take another's pin away.
[[noreturn, gnu::cold]] static void end_twice_released() {
    std::fputs("camtap: a frame was released twice\n", stderr);
    std::abort();
}

[[gnu::hot]] void camtap_frame_release(camtap_frame* frame) {
    if (frame == nullptr) return;
    if (frame->data == nullptr) [[unlikely]]
        end_twice_released();
    EndFrame{}(frame);
}
