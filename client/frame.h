// A frame in a tap's hands.
#pragma once

#include <cstdlib>
#include <memory>
#include <new>
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

    // By malloc() itself, and no new handler: libstdc++'s new and delete are four more pages of code for each frame.
    static void* operator new(size_t bytes) {
        if (void* const memory = std::malloc(bytes)) return memory;
        throw std::bad_alloc();
    }
    static void operator delete(void* memory) { std::free(memory); }
};

namespace camtap::client {

struct DeleteFrame {  // in one place, and not wherever a frame may end
    [[gnu::hot, gnu::noinline]] void operator()(camtap_frame* frame) const { delete frame; }
};
using FramePtr = std::unique_ptr<camtap_frame, DeleteFrame>;

// Reads the record of a pinned frame, once, and says of the frame what makes sense of it; `missed` is left as it is.
// `counters`: the publisher's as of this frame. Returns what is wrong with the record, empty if nothing.
[[gnu::hot]] std::string_view describe(const Pinned& pinned, camtap_frame_info& info,
                                       layout::Counters& counters);

// Copies row by row. Errors: too_big, invalid, forked.
Status copy_rows(const camtap_frame& frame, void* destination, size_t destination_bytes,
                 size_t destination_stride);

}  // namespace camtap::client
