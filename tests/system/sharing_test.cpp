// Promise: no reader, however slow, stopped or dead, stalls the camera, tears a frame or disturbs another
// reader; a restart of source or daemon is a pause.
#include <grp.h>

#include <fstream>

#include "daemon/source/pattern_frame.h"
#include "daemon_fixture.h"
#include "forked.h"

namespace camtap::test {
namespace {

// Deep enough that a test which loses the processor for most of a second misses nothing by its own fault.
constexpr const char* kPattern = R"(
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

bool whole(const Frame& frame) {
    return source::pattern_frame_ok(frame.image(), frame.data(), nullptr);
}

uint64_t sum(const camtap_missed& m) {
    return m.source_gap + m.decode_error + m.no_slot + m.too_slow + m.skipped + m.restart;
}

void expect_balance(const Tap& tap) {
    const camtap_tap_status status = tap.status();
    EXPECT_EQ(status.expected, status.delivered + sum(status.missed));
}

// Takes `count` frames, each whole, in order, without a miss between them.
void expect_undisturbed(Tap& tap, int count) {
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

TEST(Sharing, EveryFrameInOrderAndWhole) {
    Daemon daemon(kPattern);
    Tap tap = daemon.tap("test");
    expect_undisturbed(tap, 200);
    expect_balance(tap);
    EXPECT_EQ(tap.status().state, CAMTAP_LIVE);
    EXPECT_EQ(daemon.stop(), 0);
}

// ---- readers that misbehave
// -----------------------------------------------------------------------------------------

// A reader in another process: takes a frame, says so, and keeps it until it is told to go on; then checks it
// again.
struct Holder : Forked {
    explicit Holder(const Daemon& daemon)
        : Forked([&daemon](Forked::Child& child) {
              Tap tap = daemon.tap("test");
              const auto frame = tap.next(kGuard);
              if (!frame || !whole(*frame)) return 1;
              child.say();
              child.wait();
              if (!whole(*frame)) return 2;
              const auto another = tap.next(kGuard);
              return another && whole(*another) ? 0 : 3;
          }) {
        wait();
    }
};

TEST(Sharing, KillingAReaderThatHoldsAFrameDisturbsNobody) {
    Daemon daemon(kPattern);
    Tap beside = daemon.tap("test");
    for (int i = 0; i < 20; ++i) {
        Holder holder(daemon);
        expect_undisturbed(beside, 5);
        holder.kill(SIGKILL);
        EXPECT_EQ(holder.join(), -SIGKILL);
        expect_undisturbed(beside, 5);
    }
    EXPECT_TRUE(eventually([&] { return daemon.info("test").taps == 1; }));
    EXPECT_EQ(daemon.info("test").no_slot, 0u);
}

TEST(Sharing, AStoppedReaderDisturbsNobodyAndItsFrameStaysWhole) {
    Daemon daemon(kPattern);
    Tap beside = daemon.tap("test");
    Holder holder(daemon);
    holder.kill(SIGSTOP);
    expect_undisturbed(beside, 300);
    holder.kill(SIGCONT);
    holder.say();
    EXPECT_EQ(holder.join(), 0);
    EXPECT_EQ(daemon.info("test").no_slot, 0u);
}

TEST(Sharing, HeldFramesStayWholeAndOneTooManyIsAnError) {
    Daemon daemon(kPattern);
    Tap beside = daemon.tap("test");
    Tap keeper = daemon.tap("test");
    const auto first = keeper.next(kGuard);
    const auto second = keeper.next(kGuard);
    ASSERT_TRUE(first && second);
    try {
        (void)keeper.next(kGuard);
        ADD_FAILURE() << "a third frame";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), CAMTAP_ERROR_TOO_MANY_FRAMES);
    }
    expect_undisturbed(beside, 300);
    EXPECT_TRUE(whole(*first));
    EXPECT_TRUE(whole(*second));
    EXPECT_EQ(keeper.status().frames_held, 2u);
}

TEST(Sharing, AReaderThatIsTooSlowIsToldWhatItMissed) {
    std::string shallow = kPattern;
    shallow.replace(shallow.find("depth = 200"), 11, "depth = 20");
    Daemon daemon(shallow);
    Tap beside = daemon.tap("test");
    Tap slow = daemon.tap("test");
    ASSERT_TRUE(slow.next(kGuard));
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(beside.next(kGuard));
    const auto frame = slow.next(kGuard);
    ASSERT_TRUE(frame);
    EXPECT_GT(frame->info().missed.too_slow, 50u);
    expect_balance(slow);
    Tap newest = daemon.tap("test");
    ASSERT_TRUE(newest.latest(kGuard));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(beside.next(kGuard));
    const auto latest = newest.latest(kGuard);
    ASSERT_TRUE(latest);
    EXPECT_GT(latest->info().missed.skipped + latest->info().missed.too_slow, 0u);
    EXPECT_EQ(latest->info().missed.too_slow, 0u) << "asked for the latest: skipped, not missed";
    expect_balance(newest);
}

TEST(Sharing, AForkedChildDoesNoHarmToItsParent) {
    Daemon daemon(kPattern);
    Tap tap = daemon.tap("test");
    const auto held = tap.next(kGuard);
    ASSERT_TRUE(held);
    {
        Forked child([&](Forked::Child&) {
            try {
                (void)tap.next(1s);
                return 1;
            } catch (const Error& error) {
                if (error.code() != CAMTAP_ERROR_FORKED) return 2;
            }
            Tap own = daemon.tap("test");
            const auto frame = own.next(kGuard);
            return frame && whole(*frame) ? 0 : 3;
        });
        EXPECT_EQ(child.join(), 0);
    }
    EXPECT_TRUE(whole(*held));
    EXPECT_EQ(daemon.taps("test").at(0).frames_held, 1u);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(tap.next(kGuard));
}

// ---- restarts
// -------------------------------------------------------------------------------------------------------

TEST(Sharing, KillingTheDaemonIsAPause) {
    Daemon daemon(kPattern);
    Tap tap = daemon.tap("test");
    const int fd = tap.fd();
    uint64_t last = 0;
    for (int round = 0; round < 3; ++round) {
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
        const auto after = tap.next(kGuard);
        ASSERT_TRUE(after);
        EXPECT_GT(after->sequence(), last);
        last = after->sequence();
        EXPECT_TRUE(whole(*held)) << "held over the restart";
        expect_balance(tap);
    }
    EXPECT_EQ(tap.fd(), fd);
    EXPECT_EQ(tap.status().attachments, 4u);
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
        const pid_t source = daemon.info("test").publisher_pid;
        ASSERT_GT(source, 0);
        ::kill(source, SIGKILL);
        EXPECT_TRUE(eventually([&] { return daemon.info("test").restarts == round; }));
    }
    ASSERT_TRUE(tap.next(kGuard));
    expect_balance(tap);
    EXPECT_NE(daemon.log().find("test: restarting: the source was killed by SIGKILL"), std::string::npos);
}

TEST(Sharing, ASourceThatHangsIsKilledAndStartedAgain) {
    Daemon daemon(kPattern);
    Tap tap = daemon.tap("test");
    ASSERT_TRUE(tap.next(kGuard));
    const pid_t source = daemon.info("test").publisher_pid;
    ::kill(source, SIGSTOP);
    EXPECT_TRUE(eventually([&] { return tap.status().state == CAMTAP_STALE; }));
    EXPECT_TRUE(eventually([&] { return daemon.info("test").restarts == 1; }));
    EXPECT_NE(daemon.log().find("stall_timeout"), std::string::npos);
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

// ---- publishers of our own
// ------------------------------------------------------------------------------------------

constexpr const char* kPublisher = R"(
[[stream]]
name = "test"
source = "publisher"
depth = 3
)";

uint64_t publish_bytes(Publisher& publisher, uint32_t bytes, uint8_t value) {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.source_sequence = UINT64_MAX;
    info.image = CAMTAP_INIT(camtap_image);
    info.image.width = bytes;
    info.image.height = 1;
    info.image.channels = 1;
    info.image.stride = bytes;
    Slot slot = publisher.acquire(bytes);
    std::memset(slot.data(), value, bytes);
    return publisher.publish(std::move(slot), info);
}

bool filled_with(const Frame& frame, uint8_t value) {
    const auto* bytes = static_cast<const uint8_t*>(frame.data());
    return std::all_of(bytes, bytes + frame.image().bytes, [value](uint8_t b) { return b == value; });
}

TEST(Publishing, FramesMayGrowAndShrinkAtAnyTime) {
    Daemon daemon(kPublisher);
    Publisher publisher = daemon.publisher("test");
    Tap tap = daemon.tap("test");
    std::vector<Frame> held;
    const uint32_t sizes[] = {1, 100, 4096, 4097, 50'000, 1, 2'000'000, 300, 5'000'000};
    uint8_t value = 0;
    for (const uint32_t bytes : sizes) {
        publish_bytes(publisher, bytes, ++value);
        auto frame = tap.next(kGuard);
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->image().bytes, bytes);
        EXPECT_TRUE(filled_with(*frame, value));
        if (value == 1) held.push_back(std::move(*frame));
    }
    EXPECT_TRUE(filled_with(held[0], 1)) << "of the first generation, held over all the others";
    EXPECT_GT(daemon.info("test").generation, 2u);
    expect_balance(tap);
}

TEST(Publishing, TheOldGenerationIsDrainedBeforeTheNewOne) {
    Daemon daemon(kPublisher);
    Publisher publisher = daemon.publisher("test");
    publish_bytes(publisher, 10, 1);
    Tap tap(Tap("test", daemon.tap_options(true)));
    ASSERT_TRUE(tap.next(kGuard));
    publish_bytes(publisher, 10, 2);
    publish_bytes(publisher, 10, 3);
    publish_bytes(publisher, 100'000, 4);
    publish_bytes(publisher, 100'000, 5);
    for (uint8_t value = 2; value <= 5; ++value) {
        const auto frame = tap.next(kGuard);
        ASSERT_TRUE(frame);
        EXPECT_TRUE(filled_with(*frame, value)) << int{value};
    }
    EXPECT_EQ(sum(tap.status().missed), 0u);
}

// The tap's account against the truth, which is this test's own.
TEST(Publishing, EveryMissedFrameIsAccountedForByItsCause) {
    Daemon daemon(kPublisher);
    Publisher publisher = daemon.publisher("test");
    Tap tap = daemon.tap("test");
    publish_bytes(publisher, 10, 1);
    ASSERT_TRUE(tap.next(kGuard));
    publisher.count(CAMTAP_COUNT_SOURCE_GAP, 2);
    publisher.count(CAMTAP_COUNT_DECODE_ERROR, 3);
    publisher.count(CAMTAP_COUNT_NO_SLOT, 1);
    uint64_t last = 0;
    for (uint8_t i = 0; i < 20; ++i) last = publish_bytes(publisher, 10, i);
    uint64_t delivered = 1;
    for (auto frame = tap.next(kGuard);; frame = tap.next(kGuard)) {
        ASSERT_TRUE(frame);
        ++delivered;
        if (frame->sequence() == last) break;
    }
    const camtap_tap_status status = tap.status();
    EXPECT_EQ(status.delivered, delivered);
    EXPECT_EQ(status.missed.source_gap, 2u);
    EXPECT_EQ(status.missed.decode_error, 3u);
    EXPECT_EQ(status.missed.no_slot, 1u);
    EXPECT_EQ(status.missed.too_slow, 21 - delivered);
    EXPECT_GT(status.missed.too_slow, 0u);
    EXPECT_EQ(status.expected, 21u + 2 + 3 + 1);
    // a generation later, with nobody looking
    {
        publish_bytes(publisher, 100'000, 1);
        publish_bytes(publisher, 1'000'000, 2);
        for (uint8_t i = 0; i < 10; ++i) last = publish_bytes(publisher, 3'000'000, i);
    }
    while (tap.latest(kGuard)->sequence() != last) {
    }
    EXPECT_EQ(tap.status().expected, 21u + 2 + 3 + 1 + 12);
    EXPECT_EQ(tap.status().expected, tap.status().delivered + sum(tap.status().missed));
    const camtap_stream_info info = daemon.info("test");
    EXPECT_EQ(info.published, 33u);
    EXPECT_EQ(info.captured, 33u + 3 + 1);
}

TEST(Publishing, AStreamWithoutPublisherIsOfflineAndComesBack) {
    Daemon daemon(kPublisher);
    Tap tap = daemon.tap("test");
    EXPECT_FALSE(tap.next(10ms));
    EXPECT_EQ(tap.status().state, CAMTAP_OFFLINE);
    uint64_t last = 0;
    for (int round = 0; round < 3; ++round) {
        {
            Publisher publisher = daemon.publisher("test");
            const uint64_t n = publish_bytes(publisher, 10, 7);
            EXPECT_GT(n, last);
            last = n;
            ASSERT_TRUE(tap.next(kGuard));
        }
        EXPECT_TRUE(eventually([&] { return tap.status().state == CAMTAP_OFFLINE; }));
    }
    expect_balance(tap);
}

TEST(Publishing, APublisherGoesOnAfterTheDaemonsRestart) {
    Daemon daemon(kPublisher);
    Publisher publisher = daemon.publisher("test");
    Tap tap = daemon.tap("test");
    const uint64_t before = publish_bytes(publisher, 10, 1);
    ASSERT_TRUE(tap.next(kGuard));
    daemon.stop(SIGKILL);
    daemon.start();
    uint64_t after = 0;
    EXPECT_TRUE(eventually([&] {
        try {
            after = publish_bytes(publisher, 10, 2);
            return true;
        } catch (const Error&) {
            return false;
        }
    }));
    EXPECT_GT(after, before);
    const auto frame = tap.next(kGuard);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->sequence(), after);
}

// ---- who may
// --------------------------------------------------------------------------------------------------------

struct Access : testing::Test {
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root, to become other users";
    }
    // Taps as that user; the error, or OK.
    static int tap_as(const Daemon& daemon, uid_t user, std::vector<gid_t> groups) {
        Forked child([&](Forked::Child&) {
            if (setgroups(groups.size(), groups.data()) != 0 || setgid(65534) != 0 || setuid(user) != 0)
                return 99;
            try {
                Tap tap = daemon.tap("test");
                return tap.next(kGuard) ? 0 : 98;
            } catch (const Error& error) {
                return -static_cast<int>(error.code());
            }
        });
        return child.join();
    }
};

TEST_F(Access, OnlyThoseWhomTheConfigurationNames) {
    Daemon daemon(std::string(kPattern) + "allow_users = [\"12345\"]\nallow_groups = [\"video\"]\n");
    std::filesystem::permissions(daemon.directory().path(), std::filesystem::perms(0755));
    const group* video = getgrnam("video");
    ASSERT_NE(video, nullptr);
    EXPECT_EQ(tap_as(daemon, 12345, {}), 0);
    EXPECT_EQ(tap_as(daemon, 23456, {}), -CAMTAP_ERROR_NOT_ALLOWED);
    EXPECT_EQ(tap_as(daemon, 23456, {video->gr_gid}), 0) << "by a supplementary group";
}

TEST_F(Access, NobodyByDefaultEverybodyOnRequest) {
    Daemon daemon(kPattern);
    std::filesystem::permissions(daemon.directory().path(), std::filesystem::perms(0755));
    EXPECT_EQ(tap_as(daemon, 12345, {}), -CAMTAP_ERROR_NOT_ALLOWED);
    daemon.write_config(std::string(kPattern) + "allow_users = [\"*\"]\n");
    camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
    ASSERT_EQ(camtap_reload(daemon.socket_path().c_str(), 10'000'000'000, &result), CAMTAP_OK);
    EXPECT_EQ(tap_as(daemon, 12345, {}), 0);
}

// ---- reload
// ---------------------------------------------------------------------------------------------------------

camtap_error reload(const Daemon& daemon, camtap_reload_result& result) {
    result = CAMTAP_INIT(camtap_reload_result);
    return camtap_reload(daemon.socket_path().c_str(), 20'000'000'000, &result);
}

std::string pattern(const std::string& name, int width) {
    return "[[stream]]\nname = \"" + name + "\"\nsource = \"pattern\"\nwidth = " + std::to_string(width) +
           "\nheight = 48\nfps = 100\ndepth = 200\n";
}

TEST(Reloading, TouchesOnlyWhatChanged) {
    Daemon daemon(pattern("same", 64) + pattern("changed", 64) + pattern("removed", 64));
    Tap same = daemon.tap("same");
    Tap changed = daemon.tap("changed");
    Tap removed = daemon.tap("removed");
    for (Tap* tap : {&same, &changed, &removed}) ASSERT_TRUE(tap->next(kGuard));
    const pid_t source = daemon.info("same").publisher_pid;
    daemon.write_config(pattern("same", 64) + pattern("changed", 80) + pattern("added", 64));
    camtap_reload_result result;
    ASSERT_EQ(reload(daemon, result), CAMTAP_OK) << result.message;
    EXPECT_EQ(result.added, 1u);
    EXPECT_EQ(result.changed, 1u);
    EXPECT_EQ(result.removed, 1u);
    EXPECT_EQ(daemon.info("same").publisher_pid, source);
    for (int i = 0; i < 50; ++i) {
        const auto frame = same.next(kGuard);
        ASSERT_TRUE(frame);
        EXPECT_EQ(sum(frame->info().missed), 0u);
    }
    EXPECT_TRUE(eventually([&] {
        const auto frame = changed.next(kGuard);
        return frame && frame->image().width == 80;
    }));
    EXPECT_TRUE(eventually([&] { return !removed.next(100ms) && removed.last() == CAMTAP_ERROR_GONE; }));
    Tap added = daemon.tap("added");
    EXPECT_TRUE(added.next(kGuard));
    // and back: the tap of the removed stream comes to life again
    daemon.write_config(pattern("removed", 64));
    ASSERT_EQ(reload(daemon, result), CAMTAP_OK) << result.message;
    EXPECT_TRUE(eventually([&] { return removed.next(100ms).has_value(); }));
}

TEST(Reloading, ABrokenConfigurationChangesNothingAndSaysWhere) {
    Daemon daemon(pattern("same", 64));
    Tap tap = daemon.tap("same");
    ASSERT_TRUE(tap.next(kGuard));
    daemon.write_config(pattern("same", 64) + "dpeth = 3\n");
    camtap_reload_result result;
    EXPECT_EQ(reload(daemon, result), CAMTAP_ERROR_INVALID);
    EXPECT_NE(std::string(result.message).find("camtap.toml:8:1: dpeth"), std::string::npos)
        << result.message;
    EXPECT_NE(std::string(result.message).find("depth"), std::string::npos) << result.message;
    expect_undisturbed(tap, 20);
}

TEST(Reloading, SighupDoesTheSame) {
    Daemon daemon(pattern("same", 64));
    daemon.write_config(pattern("same", 64) + pattern("added", 64));
    ::kill(daemon.pid(), SIGHUP);
    EXPECT_TRUE(eventually([&] { return daemon.info("added").published > 0; }));
}

// ---- the socket
// -----------------------------------------------------------------------------------------------------

TEST(Socket, OfALiveDaemonIsRefusedOfADeadOneIsReplaced) {
    Daemon daemon(pattern("test", 64));
    {
        Child second({CAMTAPD, "--config", daemon.config_path(), "--socket", daemon.socket_path()}, {},
                     daemon.directory().file("second"));
        EXPECT_EQ(second.wait(), 1);
        std::ostringstream words;
        words << std::ifstream(daemon.directory().file("second")).rdbuf();
        EXPECT_NE(words.str().find("another camtapd listens on"), std::string::npos) << words.str();
    }
    Tap tap = daemon.tap("test");
    EXPECT_TRUE(tap.next(kGuard));
    daemon.stop(SIGKILL);
    EXPECT_TRUE(std::filesystem::exists(daemon.socket_path()));
    daemon.start();
    EXPECT_TRUE(tap.next(kGuard));
    EXPECT_EQ(daemon.stop(SIGTERM), 0);
    EXPECT_FALSE(std::filesystem::exists(daemon.socket_path()));
}

TEST(Socket, APathThatIsTooLongIsRefusedWithTheLimit) {
    TemporaryDirectory directory;
    std::ofstream(directory.file("camtap.toml")) << pattern("test", 64);
    Child daemon({CAMTAPD, "--config", directory.file("camtap.toml"), "--socket",
                  directory.file(std::string(200, 'a'))},
                 {}, directory.file("log"));
    EXPECT_EQ(daemon.wait(), 1);
    std::ostringstream words;
    words << std::ifstream(directory.file("log")).rdbuf();
    EXPECT_NE(words.str().find("107"), std::string::npos) << words.str();
    try {
        TapOptions options;
        options.socket_path = std::string(200, 'a');
        Tap tap("test", options);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), CAMTAP_ERROR_INVALID);
    }
}

TEST(Socket, WithoutADaemonTheErrorSaysSo) {
    TapOptions options;
    options.socket_path = "/nonexistent/camtap.sock";
    try {
        Tap tap("test", options);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), CAMTAP_ERROR_NO_DAEMON);
        EXPECT_NE(std::string(error.what()).find("camtapd"), std::string::npos);
    }
}

}  // namespace
}  // namespace camtap::test
