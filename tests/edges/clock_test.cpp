// Promise: a clock that jumps by hours costs a source at most one restart and a reader no truth; the time of
// day is of no account at all.
#include "moved_clock.h"

#include "common/clock.h"
#include "daemon/session.h"
#include "tests/system/raw_client.h"
#include "tests/system/scripted_daemon.h"
#include "tests/unit/client/c_handles.h"

namespace camtap::test {
namespace {

constexpr int64_t kHour = 3600 * kNsPerSecond;
constexpr int64_t kYear = 365 * 24 * kHour;

// A camtapd, its sources and this process, all of one clock.
struct Machine : ProgramsWithScriptedSource, DaemonProcess {
    MovedClock clock{std::filesystem::path(camtapd()).parent_path()};

    void boot(const std::string& configuration) {
        write_config(configuration);
        start(camtapd());
    }
    // The daemon's timers fire by the true clock (see moved_clock.cpp); a question wakes it instead. When it
    // answers the second one, all that was due at the first is done.
    void sleep_through(int64_t ns) {
        clock.forward(ns);
        (void)info("test");
        (void)info("test");
    }
    bool comes_to(camtap_stream_state state) const {
        return eventually([&] { return info("test").state == static_cast<uint32_t>(state); });
    }
    TapHandle tap() const {
        TapHandle tap;
        EXPECT_EQ(open_tap(socket_path(), tap, true, kLong, "test"), CAMTAP_OK) << camtap_last_error();
        return tap;
    }
    PublisherHandle publisher() const {
        const std::string path = socket_path();
        camtap_publisher_options options = CAMTAP_INIT(camtap_publisher_options);
        options.socket_path = path.c_str();
        options.connection = -1;
        camtap_publisher* opened = nullptr;
        EXPECT_EQ(camtap_publisher_open("test", &options, &opened), CAMTAP_OK) << camtap_last_error();
        return PublisherHandle(opened);
    }
};

constexpr const char* kPublished =
    "[[stream]]\nname = \"test\"\nsource = \"publisher\"\nstale_after = \"10 s\"\n";

void publish(const PublisherHandle& publisher) {
    camtap_slot slot = CAMTAP_INIT(camtap_slot);
    ASSERT_EQ(camtap_publisher_acquire(publisher.get(), 1, kLong, &slot), CAMTAP_OK) << camtap_last_error();
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.image = CAMTAP_INIT(camtap_image);
    info.image.width = info.image.height = info.image.channels = 1;
    info.image.stride = 1;
    ASSERT_EQ(camtap_publisher_publish(publisher.get(), &slot, &info, nullptr), CAMTAP_OK)
        << camtap_last_error();
}

TEST(AClockThatJumps, CostsASourceThatWorksAtMostOneRestart) {
    Machine machine;
    machine.boot(scripted("loop", "stall_timeout = \"1 min\"\nstale_after = \"30 s\"\n"));
    const TapHandle tap = machine.tap();
    uint64_t last = 0;
    for (int jump = 0; jump < 4; ++jump) {
        for (int i = 0; i < 30; ++i) {
            const Got got = next(tap);
            ASSERT_EQ(got.error, CAMTAP_OK) << camtap_last_error();
            ASSERT_GT(got.sequence(), last);
            last = got.sequence();
        }
        EXPECT_LE(machine.info("test").restarts, static_cast<uint32_t>(jump));
        machine.sleep_through((jump + 1) * 5 * kHour);
    }
    EXPECT_EQ(next(tap).error, CAMTAP_OK);
    EXPECT_TRUE(machine.comes_to(CAMTAP_STREAM_LIVE)) << machine.info("test").reason;
    const camtap_tap_status status = status_of(tap);
    EXPECT_EQ(status.expected, status.delivered + sum(status.missed));
}

TEST(AClockThatJumps, OverASourceThatIsOpeningHasItStartedOnceMore) {
    Machine machine;
    machine.boot(scripted("publish=1 stay", "open_timeout = \"1 h\"\nstale_after = \"10 h\"\n"));
    const TapHandle tap = machine.tap();
    const Got before = next(tap);
    ASSERT_EQ(before.error, CAMTAP_OK);
    ASSERT_TRUE(machine.comes_to(CAMTAP_STREAM_LIVE));
    machine.sleep_through(2 * kHour);  // the frame was a sign of life since the daemon looked last
    machine.sleep_through(2 * kHour);
    const Got after = next(tap);
    ASSERT_EQ(after.error, CAMTAP_OK) << "no other source was started";
    EXPECT_GT(after.sequence(), before.sequence());
    EXPECT_EQ(machine.info("test").restarts, 1u);
}

TEST(AClockThatJumps, MakesASilentStreamStaleAndTheNextFrameLive) {
    Machine machine;
    machine.boot(kPublished);
    const PublisherHandle publisher = machine.publisher();
    publish(publisher);
    ASSERT_TRUE(machine.comes_to(CAMTAP_STREAM_LIVE));
    machine.sleep_through(5 * kHour);
    EXPECT_TRUE(machine.comes_to(CAMTAP_STREAM_STALE));
    publish(publisher);
    EXPECT_TRUE(machine.comes_to(CAMTAP_STREAM_LIVE));
}

TEST(AClockThatJumps, MakesFramesAsOldAsTheyAre) {
    Machine machine;
    machine.boot(kPublished);
    const PublisherHandle publisher = machine.publisher();
    const TapHandle tap = machine.tap();
    publish(publisher);
    ASSERT_EQ(next(tap).error, CAMTAP_OK);
    publish(publisher);
    machine.sleep_through(5 * kHour);
    EXPECT_EQ(latest(tap, 0, kHour).error, CAMTAP_ERROR_STALE);
    publish(publisher);
    EXPECT_EQ(latest(tap, kLong, kHour).error, CAMTAP_OK);
    publish(publisher);
    machine.sleep_through(5 * kHour);
    EXPECT_EQ(latest(tap, 0, 6 * kHour).error, CAMTAP_OK) << "five hours are less than six";
}

TEST(AClockThatJumps, WakesAnEventLoopForFramesAsBefore) {
    Machine machine;
    machine.boot(kPublished);
    const PublisherHandle publisher = machine.publisher();
    const TapHandle tap = machine.tap();
    pollfd readable{camtap_tap_fd(tap.get()), POLLIN, 0};
    for (int i = 0; i < 5; ++i) {
        while (try_next(tap).frame) {
        }
        machine.sleep_through(5 * kHour);
        publish(publisher);
        Got got = try_next(tap);
        while (!got.frame) {
            ASSERT_EQ(poll(&readable, 1, 20'000), 1) << "nobody told of frame " << i;
            got = try_next(tap);
        }
    }
}

TEST(AClockThatJumps, EndsAGreetingThatHangsAndNobodyElsesSession) {
    Machine machine;
    machine.boot(kPublished);
    const PublisherHandle publisher = machine.publisher();
    const TapHandle tap = machine.tap();
    RawClient silent(machine.socket_path());
    (void)machine.info("test");  // the daemon has accepted it, for it accepts in order
    machine.sleep_through(5 * kHour);
    EXPECT_NE(silent.expect_refusal(Code::timeout).find("handshake_timeout"), std::string::npos);
    publish(publisher);
    EXPECT_EQ(next(tap).error, CAMTAP_OK);
    EXPECT_EQ(status_of(tap).attachments, 1u);
}

TEST(AClockThatJumps, BringsATapBackToADaemonThatWasAway) {
    Machine machine;
    machine.boot(kPublished);
    const TapHandle tap = machine.tap();
    EXPECT_EQ(machine.stop(), 0);
    EXPECT_EQ(next(tap, kNsPerMs).error, CAMTAP_ERROR_TIMEOUT);
    machine.clock.forward(5 * kHour);
    machine.start(machine.camtapd());
    const PublisherHandle publisher = machine.publisher();
    publish(publisher);
    EXPECT_EQ(next(tap).error, CAMTAP_OK);
}

TEST(AClockThatJumps, SavesUpNoRequestsForAFlood) {
    const TemporaryDirectory directory;
    MovedClock clock(directory.path());
    RateLimit limit;
    constexpr uint32_t kPerSecond = 1000;
    const auto burst = [&] {
        uint32_t taken = 0;
        while (limit.take(kPerSecond)) ++taken;
        return taken;
    };
    EXPECT_GE(burst(), kPerSecond);
    clock.forward(5 * kHour);
    const int64_t start = monotonic_ns();
    const uint32_t taken = burst();
    const auto meanwhile =
        static_cast<uint32_t>((monotonic_ns() - start) / kNsPerMs);  // as many are allowed again
    EXPECT_GE(taken, kPerSecond);
    EXPECT_LE(taken, kPerSecond + meanwhile + 1) << "hours of allowance were spent at once";
}

TEST(TheTimeOfDay, IsOfNoAccount) {
    Machine machine;
    machine.boot(scripted("loop", "depth = 200\nstall_timeout = \"10 s\"\nstale_after = \"10 s\"\n"));
    const TapHandle tap = machine.tap();
    ASSERT_EQ(next(tap).error, CAMTAP_OK);
    for (const int64_t offset : {10 * kYear, -30 * kYear, -56 * kYear, int64_t{0}, 100 * kYear}) {
        machine.clock.set_time_of_day(offset);
        for (int i = 0; i < 20; ++i) {
            const Got got = i % 4 == 3 ? latest(tap, kLong, 10 * kNsPerSecond) : next(tap);
            ASSERT_EQ(got.error, CAMTAP_OK) << camtap_last_error();
            EXPECT_EQ(sum(got.info().missed), got.info().missed.skipped);
        }
    }
    const camtap_stream_info info = machine.info("test");
    EXPECT_EQ(info.restarts, 0u);
    EXPECT_EQ(info.state, static_cast<uint32_t>(CAMTAP_STREAM_LIVE));
    EXPECT_EQ(status_of(tap).attachments, 1u);
}

TEST(TheTimeOfDay, MakesNoFrameOlderAndHoldsUpNoClock) {
    Machine machine;
    machine.boot("[[stream]]\nname = \"test\"\nsource = \"publisher\"\nstale_after = \"100 ms\"\n");
    const PublisherHandle publisher = machine.publisher();
    const TapHandle tap = machine.tap();
    for (const int64_t offset : {10 * kYear, -30 * kYear}) {
        publish(publisher);
        ASSERT_EQ(next(tap).error, CAMTAP_OK);
        publish(publisher);
        machine.clock.set_time_of_day(offset);
        EXPECT_EQ(latest(tap, 0, kHour).error, CAMTAP_OK) << "it is a moment old, not years";
        EXPECT_TRUE(machine.comes_to(CAMTAP_STREAM_STALE)) << "a moment has passed all the same";
    }
}

TEST(AMachineThatHasBeenUpForACentury, WorksAsOnItsFirstDay) {
    Machine machine;
    machine.clock.forward(100 * kYear);
    machine.boot(scripted("loop", "stall_timeout = \"1 min\"\nstale_after = \"30 s\"\n"));
    const TapHandle tap = machine.tap();
    for (int i = 0; i < 20; ++i) ASSERT_EQ(next(tap).error, CAMTAP_OK) << camtap_last_error();
    const Got young = latest(tap, kLong, 10 * kNsPerSecond);
    ASSERT_EQ(young.error, CAMTAP_OK);
    EXPECT_GT(young.info().capture_ns, 100 * kYear);
    EXPECT_TRUE(machine.comes_to(CAMTAP_STREAM_LIVE));
}

}  // namespace
}  // namespace camtap::test
