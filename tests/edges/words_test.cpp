// Promise: the 32-bit words that a tap is woken by, told of news by, and knows generations by may wrap
// around.
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

namespace camtap::test {
namespace {

constexpr uint32_t kHighest = UINT32_MAX;

struct Words : testing::Test {
    FakeDaemon daemon;
    TapHandle tap;
    void expect_balance() {
        const camtap_tap_status status = status_of(tap);
        EXPECT_EQ(status.expected, status.delivered + sum(status.missed));
    }
};

TEST_F(Words, ABlockedTapIsWokenAcrossTheWakeWordsEnd) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->header().wake.store(kHighest - 5);
    ASSERT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
    for (uint64_t n = 100; n < 120; ++n) {
        std::thread publisher([&] { segment->publish(); });
        EXPECT_EQ(next(tap).sequence(), n);
        publisher.join();
    }
    EXPECT_LT(segment->header().wake.load(), 100u) << "it did wrap around";
    expect_balance();
}

TEST_F(Words, EveryChangeOfStateIsNoticedAcrossTheEndOfTheirCount) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->publish();
    segment->header().changes.store(kHighest - 3);
    ASSERT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
    ASSERT_EQ(next(tap).sequence(), 100u);
    const auto comes_to = [this](camtap_tap_state state) {
        const int64_t guard = monotonic_ns() + kLong;
        while (status_of(tap).state != state && monotonic_ns() < guard) next(tap, kNsPerMs);
        return status_of(tap).state == state;
    };
    for (int i = 0; i < 4; ++i) {
        daemon.set_state(wire::StreamState::stale, "no new frame");
        EXPECT_TRUE(comes_to(CAMTAP_STALE)) << segment->header().changes.load();
        daemon.set_state(wire::StreamState::live);
        EXPECT_TRUE(comes_to(CAMTAP_LIVE)) << segment->header().changes.load();
    }
    EXPECT_LT(segment->header().changes.load(), 100u) << "it did wrap around";
}

// The daemon's nudge says the same on the socket; here the word is alone.
TEST_F(Words, AChangeIsAskedAboutWhenItsCountComesToNought) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->publish();
    segment->header().changes.store(kHighest);
    ASSERT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
    ASSERT_EQ(next(tap).sequence(), 100u);
    const auto ask = [this](uint64_t before) {
        const int64_t guard = monotonic_ns() + kLong;
        while (daemon.count(wire::Type::sync) == before && monotonic_ns() < guard) next(tap, 10 * kNsPerMs);
        return daemon.count(wire::Type::sync) > before;
    };
    next(tap, 100 * kNsPerMs);  // whatever was to be asked so far
    const uint64_t before = daemon.count(wire::Type::sync);
    segment->header().changes.fetch_add(1);
    segment->wake();
    EXPECT_TRUE(ask(before));
}

TEST_F(Words, AGenerationOfASmallerNumberIsTheNextOneAllTheSame) {
    const auto highest = daemon.begin_generation(kHighest, 100);
    ASSERT_EQ(open_tap(daemon.socket_path(), tap, true), CAMTAP_OK);
    highest->publish();
    const Got held = next(tap);
    EXPECT_EQ(held.sequence(), 100u);
    highest->publish();
    const auto lowest = daemon.begin_generation(1, 200);
    lowest->publish();
    EXPECT_EQ(next(tap).sequence(), 101u) << "the old one is drained first";
    EXPECT_EQ(next(tap).sequence(), 200u);
    EXPECT_EQ(held.pixel(), 100);
    expect_balance();
    EXPECT_EQ(sum(status_of(tap).missed), 0u);
}

TEST_F(Words, LatestPrefersTheSmallerNumberThatCameLater) {
    const auto highest = daemon.begin_generation(kHighest, 100);
    ASSERT_EQ(open_tap(daemon.socket_path(), tap, true), CAMTAP_OK);
    highest->publish();
    EXPECT_EQ(latest(tap).sequence(), 100u);
    const auto lowest = daemon.begin_generation(1, 200);
    lowest->publish();
    EXPECT_EQ(latest(tap).sequence(), 200u);
    lowest->publish();
    EXPECT_EQ(latest(tap).sequence(), 201u);
    expect_balance();
}

// Where a daemon would come to after 600 000 years, and where a publisher that lies may stand at once.
TEST_F(Words, FramesUpToTheHighestNumberThatIsNoSentinel) {
    const uint64_t first = UINT64_MAX - 20;
    const auto segment = daemon.begin_generation(1, first);
    ASSERT_EQ(open_tap(daemon.socket_path(), tap, true), CAMTAP_OK);
    for (uint64_t n = first; n < UINT64_MAX; ++n) {
        ASSERT_EQ(segment->publish(), n);
        ASSERT_EQ(next(tap).sequence(), n);
    }
    expect_balance();
}

TEST_F(Words, AHeadThatWrapsAroundIsNoFrameAndNoHarm) {
    const uint64_t first = UINT64_MAX - 2;
    const auto segment = daemon.begin_generation(1, first);
    ASSERT_EQ(open_tap(daemon.socket_path(), tap, true), CAMTAP_OK);
    for (int i = 0; i < 3; ++i) segment->publish();
    segment->publish();  // 0
    segment->publish();  // 1
    for (int i = 0; i < 8; ++i) {
        const Got got = next(tap, kNsPerMs);
        EXPECT_TRUE(!got.frame || got.sequence() >= first) << got.sequence();
    }
    expect_balance();
    const auto sound = daemon.begin_generation(2, 500);
    sound->publish();
    Got got = next(tap);
    while (got.frame && got.sequence() != 500) got = next(tap);
    EXPECT_EQ(got.sequence(), 500u);
    expect_balance();
}

}  // namespace
}  // namespace camtap::test
