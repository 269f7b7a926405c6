// Promise: whatever time a frame says it was taken at, `latest` neither breaks nor hands out an old one as
// young.
#include <limits>

#include "common/clock.h"
#include "edge_stream.h"

namespace camtap::test {
namespace {

constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
constexpr int64_t kLast = std::numeric_limits<int64_t>::max();

struct CaptureTimes : testing::Test {
    Daemon daemon{published()};
    Publisher publisher = daemon.publisher("test");
    Tap tap = Tap("test", daemon.tap_options(true));

    void SetUp()
        override {  // from here on the tap reads the segment, and what doesn't block finds every frame
        publish_taken_at(0);
        ASSERT_TRUE(tap.next(kGuard));
    }
    void publish_taken_at(int64_t capture_ns) {
        camtap_publish_info info = row_of(10);
        info.capture_ns = capture_ns;
        info.capture_origin = CAMTAP_ORIGIN_DRIVER;
        publisher.publish(publisher.acquire(10, kGuard), info);
    }
};

TEST_F(CaptureTimes, InTheFutureAreYoung) {
    // 85 ms is what a driver was seen to say
    for (const int64_t ahead : {85 * kNsPerMs, 3600 * kNsPerSecond, kLast - monotonic_ns() - kNsPerSecond}) {
        publish_taken_at(monotonic_ns() + ahead);
        const auto frame = tap.latest(kGuard, 10ms);
        ASSERT_TRUE(frame) << ahead << " ns ahead";
        EXPECT_GT(frame->info().capture_ns, frame->info().publish_ns);
    }
}

TEST_F(CaptureTimes, LongAgoAreStaleAndStillThereForThoseWhoDontMind) {
    for (const int64_t capture : {kFirst, int64_t{-1}, int64_t{1}, monotonic_ns() - 3600 * kNsPerSecond}) {
        publish_taken_at(capture);
        EXPECT_FALSE(tap.latest(0ms, 1s)) << capture;
        EXPECT_EQ(tap.last(), CAMTAP_ERROR_STALE) << capture;
        EXPECT_FALSE(tap.latest(0ms, std::chrono::nanoseconds(1))) << capture;
        const auto frame = tap.latest(0ms, kForever);
        ASSERT_TRUE(frame) << capture;
        EXPECT_EQ(frame->info().capture_ns, capture);
    }
}

TEST_F(CaptureTimes, TheLongestAgeThatCanBeAskedForIsLongEnough) {
    publish_taken_at(1);
    EXPECT_TRUE(tap.latest(0ms, std::chrono::nanoseconds(kLast)));
    publish_taken_at(kFirst);
    EXPECT_FALSE(tap.latest(0ms, std::chrono::nanoseconds(kLast))) << "it is older than that";
}

TEST_F(CaptureTimes, TheLongestTimeoutsAreNoneThatHavePassed) {
    publish_taken_at(0);
    EXPECT_TRUE(tap.next(std::chrono::nanoseconds(kLast)));
    publish_taken_at(0);
    EXPECT_TRUE(tap.latest(std::chrono::nanoseconds(kLast), std::chrono::nanoseconds(kLast)));
    EXPECT_FALSE(tap.next(std::chrono::nanoseconds(1)));
    EXPECT_NO_THROW(publisher.acquire(10, std::chrono::nanoseconds(kLast)));
}

}  // namespace
}  // namespace camtap::test
