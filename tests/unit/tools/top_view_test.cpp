// What `camtap top` shows, and the rates in it.
#include "top_view.h"

#include <camtap/camtap.h>
#include <gtest/gtest.h>

#include <cstring>

namespace camtap::tools {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

camtap_stream_info stream(const char* name, uint64_t published) {
    camtap_stream_info s = CAMTAP_INIT(camtap_stream_info);
    std::strncpy(s.name, name, sizeof s.name - 1);
    s.state = CAMTAP_STREAM_LIVE;
    s.published = published;
    s.image.width = 640;
    s.image.height = 480;
    s.image.depth = CAMTAP_U8;
    s.image.channels = 3;
    s.image.fourcc = CAMTAP_FOURCC_BGR8;
    s.image.bytes = 1024 * 1024;
    s.taps = 1;
    s.max_taps = 16;
    return s;
}

camtap_tap_info tap(const char* of, const char* program, uint64_t session, uint64_t delivered) {
    camtap_tap_info t = CAMTAP_INIT(camtap_tap_info);
    std::strncpy(t.stream, of, sizeof t.stream - 1);
    std::strncpy(t.program, program, sizeof t.program - 1);
    t.session = session;
    t.delivered = delivered;
    t.pid = 42;
    return t;
}

Snapshot snapshot(int64_t at_ns, uint64_t published, uint64_t delivered) {
    return {at_ns, {stream("front", published)}, {tap("front", "detector", 7, delivered)}};
}

TEST(Rates, AreDifferencesOverTime) {
    const Snapshot before = snapshot(0, 100, 50);
    const Snapshot now = snapshot(2 * kSecond, 120, 55);
    EXPECT_DOUBLE_EQ(stream_rate(before, now, now.streams[0]).value(), 10);
    EXPECT_DOUBLE_EQ(tap_rate(before, now, now.taps[0]).value(), 2.5);
}

TEST(Rates, ThereIsNoneForWhatIsNew) {
    const Snapshot before = {0, {}, {}};
    const Snapshot now = snapshot(kSecond, 120, 55);
    EXPECT_FALSE(stream_rate(before, now, now.streams[0]).has_value());
    EXPECT_FALSE(tap_rate(before, now, now.taps[0]).has_value());
}

TEST(Rates, ThereIsNoneOverARestartOfTheDaemon) {
    const Snapshot before = snapshot(0, 100, 50);
    const Snapshot now = snapshot(kSecond, 3, 2);
    EXPECT_FALSE(stream_rate(before, now, now.streams[0]).has_value());
    EXPECT_FALSE(tap_rate(before, now, now.taps[0]).has_value());
}

TEST(Rates, TwoTapsOfOneProgramAreToldApart) {
    const Snapshot before = {0, {}, {tap("front", "x", 1, 10), tap("front", "x", 2, 20)}};
    const Snapshot now = {kSecond, {}, {tap("front", "x", 2, 25), tap("front", "x", 1, 11)}};
    EXPECT_DOUBLE_EQ(tap_rate(before, now, now.taps[0]).value(), 5);
    EXPECT_DOUBLE_EQ(tap_rate(before, now, now.taps[1]).value(), 1);
}

TEST(TopView, EachTapStandsUnderItsStream) {
    Snapshot now = snapshot(kSecond, 10, 10);
    now.streams.push_back(stream("rear", 5));
    now.taps.push_back(tap("rear", "recorder", 8, 3));
    const std::vector<std::string> lines = top_view(nullptr, now);
    ASSERT_EQ(lines.size(), 7U);  // summary, two headings, two streams with a tap each
    EXPECT_NE(lines[0].find("2 streams, 2 taps"), std::string::npos);
    EXPECT_EQ(lines[3].find("front"), 0U);
    EXPECT_NE(lines[4].find("detector"), std::string::npos);
    EXPECT_EQ(lines[5].find("rear"), 0U);
    EXPECT_NE(lines[6].find("recorder"), std::string::npos);
}

TEST(TopView, ShowsRatesBytesAndMissedFrames) {
    const Snapshot before = snapshot(0, 0, 0);
    Snapshot now = snapshot(kSecond, 30, 15);
    now.taps[0].missed.too_slow = 15;
    const std::vector<std::string> lines = top_view(&before, now);
    EXPECT_NE(lines[3].find("30.0"), std::string::npos);
    EXPECT_NE(lines[3].find("30.0 MiB/s"), std::string::npos);
    EXPECT_NE(lines[4].find("15.0"), std::string::npos);
    EXPECT_NE(lines[4].find("too_slow 15"), std::string::npos);
}

TEST(TopView, SaysWhyAStreamIsOffline) {
    Snapshot now = snapshot(0, 0, 0);
    now.streams[0].state = CAMTAP_STREAM_OFFLINE;
    std::strncpy(now.streams[0].reason, "no such\x1b[31m file", sizeof now.streams[0].reason - 1);
    const std::vector<std::string> lines = top_view(nullptr, now);
    EXPECT_NE(lines[4].find("no such"), std::string::npos);
    EXPECT_EQ(lines[4].find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace camtap::tools
