// What frames come from: the one interface between camtap-source's loop and images, videos and patterns.
//
// A source never waits and never logs. It says what comes next and when; the loop (publish_loop.h) sleeps,
// finds a slot, has the frame put into it, counts and reports. So a test drives a source with a made-up clock
// and a plain buffer.
#pragma once

#include <camtap/camtap.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "common/result.h"

namespace camtap::source {

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// What next() found.
struct Next {
    enum class Kind {
        frame,    // one is at hand: read() puts it into a slot
        wait,     // none before `until_ns`, or before `fd` is readable
        lost,     // one was captured, but can't be decoded: `text` says why
        skipped,  // something that is not a frame at all was passed over: `text` says what and why
        ended,    // there will be no more; `text` may say something remarkable about the end
    };
    Kind kind = Kind::wait;
    uint64_t bytes = 0;         // frame: what its slot must hold, as far as can be known before it is decoded
    int64_t until_ns = kNever;  // wait: CLOCK_MONOTONIC
    int fd = -1;                // wait: readable when there may be news; −1: none
    uint64_t source_gap = 0;    // frames lost before this one, by the source's own account
    std::string text;
};

// What read() made of it.
struct Frame {
    enum class Kind {
        whole,   // the slot holds it, `image` … `copies` describe it
        larger,  // it needs a slot of `image.bytes`: call read() again with one
        lost,    // it can't be decoded: `text` says why
    };
    Kind kind = Kind::lost;
    camtap_image image = CAMTAP_INIT(camtap_image);
    int64_t capture_ns = 0;
    uint32_t capture_origin = CAMTAP_ORIGIN_UNKNOWN;
    uint64_t source_sequence = UINT64_MAX;
    uint32_t copies = 0;  // of the whole payload, on its way from the decoder into the slot
    std::string text;
};

// Somewhere to put a frame. Whatever lay there before is garbage.
struct Target {
    void* data = nullptr;
    size_t capacity = 0;
};

// Threads: one. Blocking: open(), next() and read() as long as the device or decoder does, which may be for
// ever; the process is then killed from outside. Errors: an Error ends the source for good, and its text goes
// to the operator.
class Source {
  public:
    virtual ~Source() = default;

    virtual Status open() = 0;

    // Moves on to the next frame. A frame that was not read() is dropped.
    virtual Result<Next> next(int64_t now_ns) = 0;

    // Only after next() said `frame`.
    virtual Frame read(const Target& target) = 0;

    virtual void close() = 0;
};

}  // namespace camtap::source
