// A stream of frames that certify themselves, and what its readers promise each other.
#pragma once

#include <gtest/gtest.h>

#include "daemon/source/pattern_frame.h"
#include "daemon_fixture.h"

namespace camtap::test {

// Deep enough that a test which loses the processor for most of a second misses nothing by its own fault.
inline constexpr const char* kPattern = R"(
[[stream]]
name = "test"
source = "pattern"
width = 64
height = 48
fps = 200
depth = 200
stall_timeout = "700 ms"
stale_after = "300 ms"
)";

// Every byte is there, and it is this frame's: another frame that lies there now would be whole as well.
inline bool whole(const Frame& frame) {
    uint64_t number = 0;
    return source::pattern_frame_ok(frame.image(), frame.data(), &number) &&
           number == frame.info().source_sequence;
}

inline uint64_t sum(const camtap_missed& m) {
    return m.source_gap + m.decode_error + m.no_slot + m.too_slow + m.skipped + m.restart;
}

inline void expect_balance(const Tap& tap) {
    const camtap_tap_status status = tap.status();
    EXPECT_EQ(status.expected, status.delivered + sum(status.missed));
}

// Takes `count` frames, each whole, in order, without a miss between them.
inline void expect_undisturbed(Tap& tap, int count) {
    uint64_t last = 0;
    for (int i = 0; i < count; ++i) {
        const auto frame = tap.next(kGuard);
        ASSERT_TRUE(frame);
        EXPECT_TRUE(whole(*frame));
        if (last != 0) {
            EXPECT_EQ(frame->sequence(), last + 1);
        }
        EXPECT_EQ(sum(frame->info().missed), 0u);
        last = frame->sequence();
    }
}

}  // namespace camtap::test
