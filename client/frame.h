// A frame in a tap's hands.
#pragma once

#include <memory>
#include <string_view>

#include "camtap/camtap.h"
#include "client/timeline.h"

// Owns: the pin, and its share of segment and session, so that it outlives tap, generation and daemon.
// Threads: any, one at a time for release; the contents don't change.
struct camtap_frame {
    camtap_frame_info info;
    const std::byte* data;
    camtap::client::ProcessMark mark;
    camtap::client::Pinned pinned;
};

namespace camtap::client {

// The end of a frame: nothing is pinned any more, and its session keeps it for the next one if it has none yet: a frame
// then costs no allocation, and no search for a pin word.
struct EndFrame {
    [[gnu::hot]] void operator()(camtap_frame* frame) const;
};
using FramePtr = std::unique_ptr<camtap_frame, EndFrame>;

// Reads the record of a pinned frame, once, and says of the frame what makes sense of it; `missed` is left as it is.
// `counters`: the publisher's as of this frame. Returns what is wrong with the record, empty if nothing.
[[gnu::hot]] std::string_view describe(const Pinned& pinned, camtap_frame_info& info,
                                       layout::Counters& counters);

// Copies row by row. Errors: too_big, invalid, forked.
Status copy_rows(const camtap_frame& frame, void* destination, size_t destination_bytes,
                 size_t destination_stride);

}  // namespace camtap::client
