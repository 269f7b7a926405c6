// camtap_tap_fd(): readable when there is something to say, the same descriptor over every reconnection.
#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

namespace camtap::test {
namespace {

class FdTest : public testing::Test {
  protected:
    FdTest() : segment(daemon.begin_generation(1, 100)) {}
    void SetUp() override {
        ASSERT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
        fd = camtap_tap_fd(tap.get());
        ASSERT_GE(fd, 0);
    }
    static bool readable(int descriptor, int timeout_ms) {
        pollfd entry{descriptor, POLLIN, 0};
        return poll(&entry, 1, timeout_ms) == 1;
    }
    // An event loop: waits for the descriptor, calls try_next until it says timeout; returns the first frame.
    uint64_t loop_until_frame() {
        for (;;) {
            for (;;) {
                const Got got = try_next(tap);
                if (got.frame) return got.sequence();
                if (got.error != CAMTAP_OK) break;
            }
            if (!readable(fd, -1)) return 0;
        }
    }
    // What was on its way is taken in; then nothing is left to wake for.
    bool becomes_quiet() {
        for (int wakes = 0; wakes < 10000; ++wakes) {
            EXPECT_EQ(try_next(tap).error, CAMTAP_ERROR_TIMEOUT);
            if (!readable(fd, 0)) return true;
        }
        return false;
    }
    FakeDaemon daemon;
    std::shared_ptr<FakeSegment> segment;
    TapHandle tap;
    int fd = -1;
};

// The nudge of an armed tap, which the daemon sends when the publisher pokes it.
void nudge(FakeDaemon& daemon) {
    const auto message = wire::make<wire::Nudge>();
    daemon.send_all(&message, sizeof message);
}

TEST_F(FdTest, BecomesReadableForAFrame) {
    EXPECT_EQ(try_next(tap).error, CAMTAP_ERROR_TIMEOUT);
    daemon.wait_for(wire::Type::arm, 1);
    std::thread publisher([&] {
        segment->publish();
        nudge(daemon);
    });
    EXPECT_EQ(loop_until_frame(), 100u);
    publisher.join();
}

TEST_F(FdTest, IsArmedAgainAfterEachTimeoutAndOnlyOnce) {
    for (uint64_t i = 1; i <= 20; ++i) {
        // at once, or a moment later if it was armed just now
        while (daemon.count(wire::Type::arm) < i) EXPECT_EQ(try_next(tap).error, CAMTAP_ERROR_TIMEOUT);
        segment->publish();
        nudge(daemon);
        EXPECT_EQ(loop_until_frame(), 99 + i);
    }
    EXPECT_LE(daemon.count(wire::Type::arm), 41u);
    EXPECT_LE(daemon.count(wire::Type::sync), 3u) << "a nudge for a frame is nothing to ask about";
}

// Those who are after the newest frame only have an event loop, too.
TEST_F(FdTest, IsArmedAgainByLatestWithoutWaiting) {
    const auto latest = [&](int64_t max_age_ns) {
        camtap_frame* frame = nullptr;
        const camtap_error error = camtap_tap_latest(tap.get(), 0, max_age_ns, &frame);
        camtap_frame_release(frame);
        return error;
    };
    for (uint64_t i = 1; i <= 5; ++i) {
        while (daemon.count(wire::Type::arm) < i) EXPECT_EQ(latest(-1), CAMTAP_ERROR_TIMEOUT);
        segment->publish();
        nudge(daemon);
        ASSERT_TRUE(readable(fd, 10'000));
        EXPECT_EQ(latest(-1), CAMTAP_OK);
    }
    // A frame that is there, but older than asked, is nothing to wake for again and again
    segment->publish();
    EXPECT_EQ(latest(1), CAMTAP_ERROR_STALE);
    const uint64_t arms = daemon.count(wire::Type::arm);
    for (int wakes = 0; wakes < 100; ++wakes) {
        EXPECT_EQ(latest(1), CAMTAP_ERROR_STALE);
        (void)readable(fd, 1);
    }
    EXPECT_LE(daemon.count(wire::Type::arm), arms + 5);
}

TEST_F(FdTest, IsQuietWhenNothingIsThere) {
    EXPECT_TRUE(becomes_quiet());
}

TEST_F(FdTest, IsReadableAtOnceWhenFramesAreThereAlready) {
    TapHandle late;
    segment->publish();
    ASSERT_EQ(open_tap(daemon.socket_path(), late), CAMTAP_OK);
    const int late_fd = camtap_tap_fd(late.get());
    EXPECT_TRUE(readable(late_fd, -1));
    EXPECT_EQ(try_next(late).sequence(), 100u);
}

TEST_F(FdTest, TellsOfAChangeOfState) {
    EXPECT_EQ(try_next(tap).error, CAMTAP_ERROR_TIMEOUT);
    daemon.wait_for(wire::Type::arm, 1);
    daemon.set_state(wire::StreamState::ended);
    while (try_next(tap).error != CAMTAP_ERROR_ENDED) ASSERT_TRUE(readable(fd, -1));
}

TEST_F(FdTest, StaysTheSameOverARestartOfTheDaemon) {
    EXPECT_EQ(try_next(tap).error, CAMTAP_ERROR_TIMEOUT);
    daemon.stop();
    EXPECT_TRUE(readable(fd, -1)) << "the hang-up";
    EXPECT_EQ(try_next(tap).error, CAMTAP_ERROR_TIMEOUT);
    EXPECT_TRUE(readable(fd, -1)) << "the retry timer";
    std::thread operator_at_work([&] {
        daemon.start(2);
        daemon.begin_generation(1, 900)->publish();
    });
    EXPECT_EQ(loop_until_frame(), 900u);
    operator_at_work.join();
    EXPECT_EQ(camtap_tap_fd(tap.get()), fd);
    EXPECT_EQ(status_of(tap).attachments, 2u);
}

TEST_F(FdTest, AFrameThatIsHeldDoesntMakeALostSessionReadable) {
    segment->publish();
    const Got held = next(tap);
    daemon.stop();
    daemon.start(2);
    while (status_of(tap).attachments < 2 || status_of(tap).state != CAMTAP_LIVE) ASSERT_GE(fd, 0);
    EXPECT_TRUE(becomes_quiet()) << "the old socket is still open, for the frame, and hung up";
}

}  // namespace
}  // namespace camtap::test
