#include <gtest/gtest.h>

#include "daemon/source/log_limit.h"
#include "daemon/source/pace.h"

namespace camtap::source {
namespace {

constexpr int64_t kStart = 5'000'000'000;

TEST(FrameClock, the_schedule_does_not_drift) {
    FrameClock clock;
    const double fps = 30000.0 / 1001;
    int64_t now = kStart;
    for (uint64_t n = 0; n <= 30000; ++n) {
        // each frame is looked for a little late, as sleeping does
        now = clock.due_ns(frame_offset_ns(n, fps), now) + 3 * kNsPerMs;
    }
    EXPECT_EQ(now - 3 * kNsPerMs, kStart + 1001 * kNsPerSecond);
}

TEST(FrameClock, a_long_delay_moves_the_schedule_instead_of_causing_a_burst) {
    FrameClock clock;
    EXPECT_EQ(clock.due_ns(0, kStart), kStart);
    const int64_t late = kStart + 60 * kNsPerSecond;
    EXPECT_EQ(clock.due_ns(frame_offset_ns(1, 10), late), late);
    EXPECT_EQ(clock.due_ns(frame_offset_ns(2, 10), late), late + kNsPerSecond / 10);
}

TEST(FrameClock, the_first_frame_is_due_at_once_wherever_it_lies) {
    FrameClock clock;
    EXPECT_EQ(clock.due_ns(17 * kNsPerSecond, kStart), kStart);
    EXPECT_EQ(clock.due_ns(18 * kNsPerSecond, kStart), kStart + kNsPerSecond);
}

TEST(LogLimit, lets_one_line_a_second_through_and_counts_the_rest) {
    LogLimit limit;
    EXPECT_EQ(limit.pass(kStart), 0u);
    EXPECT_EQ(limit.pass(kStart + 1), std::nullopt);
    EXPECT_EQ(limit.pass(kStart + kNsPerSecond - 1), std::nullopt);
    EXPECT_EQ(limit.pass(kStart + kNsPerSecond), 2u);
    EXPECT_EQ(limit.pass(kStart + 3 * kNsPerSecond), 0u);
}

}  // namespace
}  // namespace camtap::source
