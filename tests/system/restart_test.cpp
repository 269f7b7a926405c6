// Promise: a restart of source or daemon is a pause; what a source does not deliver is said.
#include "pattern_stream.h"

namespace camtap::test {
namespace {

TEST(Sharing, KillingTheDaemonIsAPause) {
    Daemon daemon(kPattern);
    Tap tap = daemon.tap("test");
    const int fd = tap.fd();
    uint64_t last = 0;
    for (uint32_t round = 0; round < 3; ++round) {
        for (int i = 0; i < 10; ++i) {
            const auto frame = tap.next(kGuard);
            ASSERT_TRUE(frame);
            EXPECT_GT(frame->sequence(), last);
            EXPECT_TRUE(whole(*frame));
            last = frame->sequence();
        }
        const auto held = tap.next(kGuard);
        ASSERT_TRUE(held);
        last = held->sequence();
        EXPECT_EQ(daemon.stop(SIGKILL), -SIGKILL);
        daemon.start();
        do {  // the old source's last frame may come first
            const auto after = tap.next(kGuard);
            ASSERT_TRUE(after);
            EXPECT_GT(after->sequence(), last);
            last = after->sequence();
        } while (tap.status().attachments < round + 2);
        EXPECT_EQ(tap.status().attachments, round + 2);
        EXPECT_TRUE(whole(*held)) << "held over the restart";
        expect_balance(tap);
    }
    EXPECT_EQ(tap.fd(), fd);
}

TEST(Sharing, KillingTheSourceIsAPause) {
    Daemon daemon(kPattern);
    Tap tap = daemon.tap("test");
    uint64_t last = 0;
    for (uint32_t round = 1; round <= 3; ++round) {
        for (int i = 0; i < 20; ++i) {
            const auto frame = tap.next(kGuard);
            ASSERT_TRUE(frame);
            EXPECT_GT(frame->sequence(), last);
            last = frame->sequence();
        }
        pid_t source = 0;  // the frames were perhaps the last ones of the source before
        ASSERT_TRUE(eventually([&] { return (source = daemon.info("test").publisher_pid) > 0; }));
        ::kill(source, SIGKILL);
        EXPECT_TRUE(eventually([&] { return daemon.info("test").restarts == round; }));
    }
    ASSERT_TRUE(tap.next(kGuard));
    expect_balance(tap);
    EXPECT_TRUE(daemon.logs("test: restarting: the source was killed by SIGKILL"));
}

TEST(Sharing, ASourceThatHangsIsKilledAndStartedAgain) {
    Daemon daemon(kPattern);
    Tap tap = daemon.tap("test");
    ASSERT_TRUE(tap.next(kGuard));
    const pid_t source = daemon.info("test").publisher_pid;
    ::kill(source, SIGSTOP);
    EXPECT_TRUE(eventually([&] { return tap.status().state == CAMTAP_STALE; }));
    EXPECT_TRUE(eventually([&] { return daemon.info("test").restarts == 1; }));
    EXPECT_TRUE(daemon.logs("stall_timeout"));
    while (tap.try_next()) {
    }
    ASSERT_TRUE(tap.next(kGuard));
    EXPECT_TRUE(eventually([&] { return tap.status().state == CAMTAP_LIVE; }));
}

TEST(Sharing, TheEndOfARecordingIsToldAfterItsLastFrame) {
    Daemon daemon(R"(
[[stream]]
name = "test"
source = "pattern"
width = 64
height = 48
fps = 100
frames = 30
start = "on-demand"
depth = 30
)");
    Tap tap(Tap("test", daemon.tap_options(true)));
    int frames = 0;
    while (tap.next(kGuard)) ++frames;
    EXPECT_EQ(tap.last(), CAMTAP_ERROR_ENDED);
    EXPECT_EQ(frames, 30);
    EXPECT_EQ(tap.status().state, CAMTAP_ENDED);
    expect_balance(tap);
}

TEST(Sharing, OnDemandTheSourceRunsOnlyWhileSomebodyTaps) {
    Daemon daemon(std::string(kPattern) + "start = \"on-demand\"\nlinger = 0.1\n");
    EXPECT_EQ(daemon.info("test").state, uint32_t{CAMTAP_STREAM_WAITING});
    EXPECT_EQ(daemon.info("test").publisher_pid, 0);
    for (int round = 0; round < 2; ++round) {
        {
            Tap tap = daemon.tap("test");
            ASSERT_TRUE(tap.next(kGuard));
            EXPECT_GT(daemon.info("test").publisher_pid, 0);
        }
        EXPECT_TRUE(eventually([&] { return daemon.info("test").state == CAMTAP_STREAM_WAITING; }));
        EXPECT_TRUE(eventually([&] { return daemon.info("test").publisher_pid == 0; }));
    }
}

TEST(Sharing, NoFrameOlderThanAskedIsHandedOut) {
    Daemon daemon(kPattern);
    Tap tap = daemon.tap("test");
    ASSERT_TRUE(tap.latest(kGuard, 500ms));
    ::kill(daemon.info("test").publisher_pid, SIGSTOP);
    EXPECT_TRUE(eventually([&] { return tap.status().state == CAMTAP_STALE; }));
    EXPECT_FALSE(tap.latest(0ms, 1ms));
    EXPECT_TRUE(tap.last() == CAMTAP_ERROR_STALE || tap.last() == CAMTAP_ERROR_TIMEOUT);
}

}  // namespace
}  // namespace camtap::test
