// A tap's promises, with a daemon that the test plays: order, newest, misses, restarts, refusals.
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <thread>

#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

namespace camtap::test {
namespace {

class TapTest : public testing::Test {
  protected:
    void open(bool oldest = false) { ASSERT_EQ(open_tap(daemon.socket_path(), tap, oldest), CAMTAP_OK); }
    void expect_balance() {
        const camtap_tap_status status = status_of(tap);
        EXPECT_EQ(status.expected, status.delivered + sum(status.missed));
    }
    FakeDaemon daemon;
    TapHandle tap;
};

TEST_F(TapTest, NextHandsOutEveryFrameInOrder) {
    const auto segment = daemon.begin_generation(1, 100);
    open();
    for (uint64_t n = 100; n < 300; ++n) {
        ASSERT_EQ(segment->publish(), n);
        const Got got = next(tap);
        ASSERT_EQ(got.sequence(), n);
        EXPECT_EQ(got.pixel(), n % 256);
        EXPECT_EQ(sum(got.info().missed), 0u);
    }
    EXPECT_EQ(next(tap, 0).error, CAMTAP_ERROR_TIMEOUT);
    EXPECT_EQ(daemon.count(wire::Type::hello), 1u);
    EXPECT_LE(daemon.count(wire::Type::sync), 3u) << "the socket has nothing to do with frames";
}

TEST_F(TapTest, BlockedNextWakesForAFrame) {
    const auto segment = daemon.begin_generation(1, 100);
    open();
    std::thread publisher([&] { segment->publish(); });
    EXPECT_EQ(next(tap).sequence(), 100u);
    publisher.join();
}

TEST_F(TapTest, StartsAtTheNewestFrameOrAtTheOldest) {
    const auto segment = daemon.begin_generation(1, 100);
    for (int i = 0; i < 20; ++i) segment->publish();
    open();
    EXPECT_EQ(next(tap).sequence(), 119u);
    open(true);
    EXPECT_EQ(next(tap).sequence(), 116u);
    EXPECT_EQ(next(tap).sequence(), 117u);
}

TEST_F(TapTest, FramesThatWereRetiredBeforeNextAreTooSlow) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->publish();
    open();
    EXPECT_EQ(next(tap).sequence(), 100u);
    for (int i = 0; i < 40; ++i) segment->publish();
    const Got got = next(tap);
    EXPECT_EQ(got.sequence(), 137u);
    EXPECT_EQ(got.info().missed.too_slow, 36u);
    expect_balance();
}

TEST_F(TapTest, LatestSkipsToTheNewestAndWaitsForANewerOne) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->publish();
    open();
    EXPECT_EQ(latest(tap).sequence(), 100u);
    for (int i = 0; i < 3; ++i) segment->publish();
    const Got got = latest(tap);
    EXPECT_EQ(got.sequence(), 103u);
    EXPECT_EQ(got.info().missed.skipped, 2u);
    EXPECT_EQ(latest(tap, 0).error, CAMTAP_ERROR_TIMEOUT);
    expect_balance();
}

TEST_F(TapTest, LatestNeverHandsOutAFrameThatIsTooOld) {
    const auto segment = daemon.begin_generation(1, 100);
    layout::FrameRecord old = segment->record();
    old.capture_ns = monotonic_ns() - 100 * kLong;
    segment->publish(old);
    open();
    EXPECT_EQ(latest(tap, 0, kLong).error, CAMTAP_ERROR_STALE);
    EXPECT_EQ(daemon.pinned(), 0u) << "a frame that nobody got";
    EXPECT_EQ(latest(tap, 0, -1).sequence(), 100u) << "too old is not consumed";
    EXPECT_EQ(latest(tap, 0, kLong).error, CAMTAP_ERROR_TIMEOUT) << "now there is none at all";
    old.capture_ns = INT64_MIN;
    segment->publish(old);
    EXPECT_EQ(latest(tap, 0, kLong).error, CAMTAP_ERROR_STALE);
    layout::FrameRecord future = segment->record();
    future.capture_ns = INT64_MAX;
    segment->publish(future);
    EXPECT_EQ(latest(tap, 0, 1).sequence(), 102u) << "the future is no age";
}

TEST_F(TapTest, ANewGenerationBeginsWhereTheOldOneIsDrained) {
    const auto before = daemon.begin_generation(1, 100);
    before->publish();
    open();
    const Got held = next(tap);
    before->publish();
    before->publish();
    const auto after = daemon.begin_generation(2, 500);
    after->publish();
    after->publish();
    EXPECT_EQ(next(tap).sequence(), 101u);
    EXPECT_EQ(next(tap).sequence(), 102u);
    const Got moved = next(tap);
    EXPECT_EQ(moved.sequence(), 500u);
    EXPECT_EQ(sum(moved.info().missed), 0u) << "numbers between generations were never published";
    EXPECT_EQ(held.pixel(), 100u);
    expect_balance();
}

TEST_F(TapTest, LatestPrefersTheNewGenerationOnceItHasAFrame) {
    const auto before = daemon.begin_generation(1, 100);
    before->publish();
    open();
    EXPECT_EQ(latest(tap).sequence(), 100u);
    before->publish();
    before->publish();
    const auto after = daemon.begin_generation(2, 500);
    (void)status_of(tap);
    after->publish();
    daemon.wait_for(wire::Type::sync, 2);
    Got got;
    // the daemon's answer may be on its way: the old generation's frames until then, never again afterwards
    do got = latest(tap);
    while (got.sequence() < 500);
    EXPECT_EQ(got.sequence(), 500u);
    EXPECT_EQ(try_next(tap).error, CAMTAP_ERROR_TIMEOUT);
    expect_balance();
}

TEST_F(TapTest, WaitsForAStreamThatHasNoSegmentYet) {
    daemon.set_state(wire::StreamState::opening);
    open();
    EXPECT_EQ(status_of(tap).state, CAMTAP_CONNECTING);
    std::thread source([&] {
        daemon.set_state(wire::StreamState::live);
        daemon.begin_generation(1, 100)->publish();
    });
    EXPECT_EQ(next(tap).sequence(), 100u);
    source.join();
    EXPECT_EQ(status_of(tap).state, CAMTAP_LIVE);
}

TEST_F(TapTest, AttachesAgainToADaemonThatWasStartedAgain) {
    const auto before = daemon.begin_generation(1, 100);
    before->publish();
    open();
    const Got held = next(tap);
    before->publish();  // published, and never seen by this tap before the daemon dies
    before->publish();
    daemon.stop();
    EXPECT_EQ(next(tap).sequence(), 101u) << "what is there can still be read";
    daemon.start(2);
    const auto after = daemon.begin_generation(1, 900);  // the same number, of another daemon
    after->counters = {};
    after->publish();
    EXPECT_EQ(next(tap).sequence(), 102u);
    const Got got = next(tap);
    EXPECT_EQ(got.sequence(), 900u);
    EXPECT_EQ(got.pixel(), 900 % 256);
    EXPECT_EQ(held.pixel(), 100u);
    EXPECT_EQ(status_of(tap).attachments, 2u);
    expect_balance();
}

// By a publisher that wakes for nothing, or by signals.
TEST_F(TapTest, OneThatIsWokenAgainAndAgainNoticesAllTheSameThatItsDaemonIsGone) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->publish();
    open();
    EXPECT_EQ(next(tap).sequence(), 100u);
    // until it has heard all news, and doesn't listen to the socket for an answer
    while (daemon.count(wire::Type::sync) < 2) EXPECT_NE(status_of(tap).size, 0u);
    EXPECT_EQ(status_of(tap).state, CAMTAP_LIVE);
    std::atomic<bool> over = false;
    std::thread publisher([&] {
        while (!over) segment->wake();
    });
    std::thread operator_at_work([&] {
        daemon.stop();
        daemon.refuse_all(CAMTAP_ERROR_NOT_ALLOWED, "not any more");
        daemon.start(2);
    });
    EXPECT_EQ(next(tap).error, CAMTAP_ERROR_NOT_ALLOWED);
    over = true;
    publisher.join();
    operator_at_work.join();
}

TEST_F(TapTest, FramesBehindARestartThatLatestPassedOverAreRestart) {
    const auto before = daemon.begin_generation(1, 100);
    before->publish();
    open();
    EXPECT_EQ(latest(tap).sequence(), 100u);
    before->publish();
    before->publish();
    daemon.stop();
    const auto after = daemon.begin_generation(1, 900);
    for (int i = 0; i < 3; ++i) after->publish();
    daemon.start(2);
    while (status_of(tap).attachments < 2 || status_of(tap).state != CAMTAP_LIVE) ASSERT_TRUE(tap);
    const Got got = latest(tap);
    EXPECT_EQ(got.sequence(), 902u);
    EXPECT_EQ(got.info().missed.restart, 4u) << "two before the restart, two after it";
    expect_balance();
}

TEST_F(TapTest, AHangUpIsFollowedByANewSessionOnTheSameGeneration) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->publish();
    open();
    EXPECT_EQ(next(tap).sequence(), 100u);
    daemon.hang_up_all();
    while (status_of(tap).attachments < 2) EXPECT_NE(status_of(tap).size, 0u);
    segment->publish();
    EXPECT_EQ(next(tap).sequence(), 101u);
    EXPECT_EQ(status_of(tap).missed.restart, 0u);
}

TEST_F(TapTest, ASessionThatIsOverIsClosedThoughNoFrameComes) {
    daemon.begin_generation(1, 100)->publish();
    open();
    EXPECT_EQ(next(tap).sequence(), 100u);
    daemon.dismiss_all(static_cast<int32_t>(Code::limit), "you ask too often");
    camtap_frame* none = nullptr;
    while (status_of(tap).attachments < 2 || status_of(tap).state != CAMTAP_LIVE) {
        EXPECT_EQ(camtap_tap_next(tap.get(), 0, &none), CAMTAP_ERROR_TIMEOUT);
    }
    daemon.wait_for_clients(1);
}

TEST_F(TapTest, ASessionThatIsOverIsClosedWithItsLastFrame) {
    daemon.begin_generation(1, 100)->publish();
    open();
    Got held = next(tap);
    daemon.dismiss_all(static_cast<int32_t>(Code::limit), "you ask too often");
    while (status_of(tap).attachments < 2 || status_of(tap).state != CAMTAP_LIVE) {
        EXPECT_EQ(try_next(tap).error, CAMTAP_ERROR_TIMEOUT);
    }
    EXPECT_EQ(daemon.pinned(), 1u);
    held.frame.reset();
    daemon.wait_for_clients(1);
}

TEST_F(TapTest, AGenerationThatWasADaemonsLastWordCanBeRead) {
    daemon.begin_generation(1, 100)->publish();
    open();
    EXPECT_EQ(next(tap).sequence(), 100u);
    const uint64_t asked = daemon.count(wire::Type::sync);
    daemon.begin_generation(2, 200)->publish();
    EXPECT_EQ(status_of(tap).size, sizeof(camtap_tap_status)) << "asks for it";
    daemon.wait_for(wire::Type::sync, asked + 1);
    daemon.stop();
    // until it may ask again: then it hears of the generation and of the end in one breath
    poll(nullptr, 0, 20);
    EXPECT_EQ(next(tap).sequence(), 200u);
    expect_balance();
    daemon.start(2);
    daemon.begin_generation(1, 300)->publish();
    EXPECT_EQ(next(tap).sequence(), 300u);
    expect_balance();
}

TEST_F(TapTest, WithdrawnRightsAreAnErrorAfterTheFramesThatWereThere) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->publish();
    open();
    const Got held = next(tap);
    segment->publish();
    daemon.refuse_all(CAMTAP_ERROR_NOT_ALLOWED, "group video may");
    daemon.dismiss_all(CAMTAP_ERROR_NOT_ALLOWED, "group video may");
    while (status_of(tap).state != CAMTAP_OFFLINE) EXPECT_NE(status_of(tap).size, 0u);
    segment->publish();
    EXPECT_EQ(next(tap).sequence(), 101u);
    EXPECT_EQ(next(tap).error, CAMTAP_ERROR_NOT_ALLOWED) << "frames after the dismissal are not for this tap";
    EXPECT_STREQ(camtap_last_error(), "group video may");
    EXPECT_EQ(held.pixel(), 100u);
}

TEST_F(TapTest, EndedIsSaidOnlyWhenEverythingIsDrained) {
    const auto segment = daemon.begin_generation(1, 100);
    for (int i = 0; i < 3; ++i) segment->publish();
    daemon.set_state(wire::StreamState::ended, "end of file");
    open(true);
    for (uint64_t n = 100; n < 103; ++n) EXPECT_EQ(next(tap).sequence(), n);
    EXPECT_EQ(next(tap).error, CAMTAP_ERROR_ENDED);
    EXPECT_EQ(latest(tap).error, CAMTAP_ERROR_ENDED);
    EXPECT_EQ(status_of(tap).state, CAMTAP_ENDED);
    EXPECT_STREQ(status_of(tap).reason, "end of file");
}

TEST_F(TapTest, AChangeOfStateWakesABlockedTap) {
    daemon.begin_generation(1, 100);
    open();
    std::thread operator_at_work([&] { daemon.set_state(wire::StreamState::gone); });
    EXPECT_EQ(next(tap).error, CAMTAP_ERROR_GONE);
    operator_at_work.join();
}

TEST_F(TapTest, EveryStreamStateHasItsTapState) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->publish();
    open();
    (void)next(tap);
    const std::pair<wire::StreamState, camtap_tap_state> states[] = {
        {wire::StreamState::waiting, CAMTAP_RESTARTING}, {wire::StreamState::opening, CAMTAP_RESTARTING},
        {wire::StreamState::live, CAMTAP_LIVE},          {wire::StreamState::stale, CAMTAP_STALE},
        {wire::StreamState::offline, CAMTAP_OFFLINE},    {wire::StreamState::restarting, CAMTAP_RESTARTING},
        {wire::StreamState::ended, CAMTAP_ENDED},        {wire::StreamState::gone, CAMTAP_GONE}};
    for (const auto& [stream, expected] : states) {
        daemon.set_state(stream);
        while (status_of(tap).state != expected) ASSERT_NE(status_of(tap).size, 0u);
    }
}

TEST_F(TapTest, AReasonIsCutAtACharacterAndCleaned) {
    daemon.begin_generation(1, 100);
    std::string reason = "\xff";
    while (reason.size() < 400) reason += "\xc3\xa4";  // ä
    daemon.set_state(wire::StreamState::offline, reason);
    open();
    const std::string shown = status_of(tap).reason;
    EXPECT_EQ(shown.substr(0, 3), "?\xc3\xa4");
    EXPECT_TRUE(shown.size() == 255 || shown.size() == 254);
    EXPECT_NE(static_cast<unsigned char>(shown.back()), 0xc3) << "half a character";
}

// ---- opening ----

TEST(TapOpen, WithoutADaemonFailsAtOnceOrWaits) {
    FakeDaemon daemon;
    daemon.stop();
    TapHandle tap;
    EXPECT_EQ(open_tap(daemon.socket_path(), tap, false, 0), CAMTAP_ERROR_NO_DAEMON);
    EXPECT_EQ(open_tap(daemon.socket_path(), tap, false, kNsPerMs), CAMTAP_ERROR_NO_DAEMON);
    std::thread late([&] { daemon.start(1); });
    EXPECT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
    late.join();
}

TEST(TapOpen, AnUnknownStreamIsWaitedForOthersAreFinal) {
    FakeDaemon daemon;
    TapHandle tap;
    daemon.refuse_all(CAMTAP_ERROR_UNKNOWN_STREAM, "there are: back");
    EXPECT_EQ(open_tap(daemon.socket_path(), tap, false, 0), CAMTAP_ERROR_UNKNOWN_STREAM);
    EXPECT_STREQ(camtap_last_error(), "there are: back");
    std::thread operator_at_work([&] {
        daemon.wait_for(wire::Type::hello, 3);
        daemon.take_all();
    });
    EXPECT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
    operator_at_work.join();
    for (const camtap_error code : {CAMTAP_ERROR_NOT_ALLOWED, CAMTAP_ERROR_LIMIT, CAMTAP_ERROR_VERSION}) {
        daemon.refuse_all(code, "no");
        EXPECT_EQ(open_tap(daemon.socket_path(), tap), code);
    }
    for (const int32_t nonsense : {0, 7, -99}) {
        daemon.refuse_all(nonsense, "?");
        EXPECT_EQ(open_tap(daemon.socket_path(), tap, false, 0), CAMTAP_ERROR_PROTOCOL);
    }
}

TEST(TapOpen, BadNamesNeverReachTheDaemon) {
    FakeDaemon daemon;
    TapHandle tap;
    for (const char* name : {"", "/", "a//b", "Front", "a b", "\xff\xfe", "x/"}) {
        EXPECT_EQ(open_tap(daemon.socket_path(), tap, false, kLong, name), CAMTAP_ERROR_BAD_NAME) << name;
    }
    EXPECT_EQ(open_tap(daemon.socket_path(), tap, false, kLong, std::string(64, 'a').c_str()),
              CAMTAP_ERROR_BAD_NAME);
    EXPECT_EQ(daemon.count(wire::Type::hello), 0u);
    EXPECT_EQ(open_tap(std::string(200, 'x'), tap), CAMTAP_ERROR_INVALID);
}

}  // namespace
}  // namespace camtap::test
