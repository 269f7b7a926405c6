// What is asked of every peer alike, and what one program of a peer is to do about it.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "cores.h"

namespace camtap::bench {

// Pictures in bgr8.
struct FrameSize {
    uint32_t width;
    uint32_t height;

    uint64_t bytes() const { return uint64_t{width} * height * 3; }
    std::string name() const { return std::to_string(width) + "x" + std::to_string(height); }
    auto operator<=>(const FrameSize&) const = default;
};
inline constexpr FrameSize kVga{640, 480};
inline constexpr FrameSize kFullHd{1920, 1080};
inline constexpr FrameSize kUhd{3840, 2160};
inline constexpr FrameSize kSizes[] = {kVga, kFullHd, kUhd};

struct Work {
    FrameSize size = kFullHd;
    uint32_t readers = 1;   // that the writer's pace and the figures count
    uint32_t visitors = 0;  // that may come and go beside them
    Placement placement = Placement::free;
    bool filled = false;       // the camera fills the slot; otherwise the writer copies each picture once
    bool every_frame = false;  // the writer waits for its readers, if the peer has a way to
    bool copied_out = false;   // readers copy each picture into memory of their own
    bool certified = false;    // every page of a picture says whose it is, and readers check it
};

enum class Role : uint32_t { daemon, writer, reader };

// Goes to a program as it is, over a socket.
struct Assignment {
    static constexpr uint32_t kStay = 0;

    Role role = Role::daemon;
    Work work{};
    uint32_t depth = 0;        // newest frames that are to stay visible; 0: the peer has no such thing
    uint32_t stock = 3;        // camtap: slots that the publisher holds at once
    uint32_t seat = 0;         // of Cores::place()
    uint32_t sheet = 0;        // a reader's, on the board
    uint32_t frames_held = 0;  // a reader's; 0: lets go of each frame at once
    uint32_t hold_ms = 0;      // for so long, if it doesn't
    uint32_t user = kStay;     // whose id it takes on
    char directory[64] = {};   // the lane's, for sockets and files
    char video[256] = {};      // that is to be decoded; empty: a writer makes the frames
};

inline std::string file_in(const Assignment& a, const char* name) {
    return std::string(a.directory) + "/" + name;
}

}  // namespace camtap::bench
