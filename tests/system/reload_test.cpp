// Promise: a reload changes what the operator changed, and nothing that a reader could stumble over.
#include <sys/resource.h>

#include "common/futex.h"
#include "common/pins.h"
#include "raw_client.h"
#include "scripted_daemon.h"

namespace camtap::test {
namespace {

size_t count(const std::string& text, const std::string& what) {
    size_t n = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
}

// A tap that maps what it is told of, and can pin by hand.
struct PinningTap : RawTap {
    using RawTap::RawTap;
    // Pins the newest frame. The slot that it lies in.
    uint32_t pin_newest() {
        wire::Synced synced = sync();
        EXPECT_TRUE(eventually([&] {
            if (segment_fd) return true;
            synced = sync();
            return static_cast<bool>(segment_fd);
        }));
        const auto geometry = wire::geometry(synced.geometry);
        auto mapping = Mapping::map(segment_fd.get(), geometry.segment_bytes(), Mapping::Access::read_only);
        EXPECT_TRUE(mapping.ok());
        memory = std::move(*mapping);
        view = {memory.data(), geometry};
        uint32_t slot = 0;
        EXPECT_TRUE(eventually([&] {
            frame = view.header().head.load();
            slot = view.index(frame).load() % geometry.slot_count;
            if (frame == 0) return false;  // none yet: the word of an empty slot says 0, too
            return pins::try_pin(pins().pins[0], layout::pin_value(synced.generation, slot),
                                 view.slot(slot).sequence, frame);
        }));
        return slot;
    }
    Mapping memory;
    layout::SegmentView view;
    uint64_t frame = 0;
};

TEST(Reload, AStreamThatIsRemovedAndAddedAgainGoesOnCounting) {
    ScriptedDaemon daemon(scripted("loop"));
    PlainTap tap(daemon);
    uint64_t last = 0;
    for (int i = 0; i < 20; ++i) {
        const auto frame = tap.next();
        ASSERT_TRUE(frame);
        last = frame->sequence;
    }
    daemon.reload(scripted("loop", "", "other"));
    daemon.reload(scripted("loop"));
    ASSERT_TRUE(eventually([&] { return daemon.info("test").published > last; }));
    PlainTap another(daemon);
    const auto frame = another.next();
    ASSERT_TRUE(frame);
    EXPECT_GT(frame->sequence, last);
}

TEST(Reload, TheSourceOfARemovedStreamEndsBeforeThatOfItsSuccessorBegins) {
    ScriptedDaemon daemon(scripted("deaf loop"));
    ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_LIVE));
    const pid_t first = daemon.info("test").publisher_pid;
    daemon.reload(scripted("deaf loop", "", "other"));
    daemon.reload(scripted("deaf loop"));
    pid_t second = 0;
    ASSERT_TRUE(eventually([&] {
        second = daemon.info("test").publisher_pid;
        return second != 0 && second != first;
    }));
    const std::string log = daemon.log();
    const size_t ended = log.find("test: source process " + std::to_string(first) + " stopped");
    const size_t started = log.find("test: source started, process " + std::to_string(second));
    ASSERT_NE(ended, std::string::npos) << "two processes at once would share one device";
    EXPECT_LT(ended, started);
}

TEST(Reload, AFrameOfARemovedStreamStaysWholeWhileItsSourceEnds) {
    ScriptedDaemon daemon(scripted("deaf loop", "depth = 8\n"));
    PinningTap tap(daemon.socket_path());
    const uint32_t slot = tap.pin_newest();
    daemon.reload(scripted("loop", "", "other"));
    ASSERT_TRUE(eventually([&] {
        const uint64_t word = tap.view.slot(slot).sequence.load();
        EXPECT_TRUE(word == tap.frame || word == 0) << "frame " << word << " was written over a pinned one";
        return daemon.log().find(" stopped") != std::string::npos;
    }));
}

TEST(Reload, AStreamThatProgramsPublishFromNowOnWaitsForOne) {
    ScriptedDaemon daemon(scripted("loop"));
    ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_LIVE));
    daemon.reload("[[stream]]\nname = \"test\"\nsource = \"publisher\"\n");
    EXPECT_TRUE(daemon.comes_to(CAMTAP_STREAM_OFFLINE));
    EXPECT_EQ(daemon.reason(), "no program publishes it at the moment");
    PlainTap tap(daemon);
    RawPublisher publisher(daemon.socket_path());
    const uint64_t n = publisher.next_sequence;
    const uint32_t slot = publisher.slot_of(n);
    auto& record = publisher.view.slot(slot).record;
    record.bytes = record.stride = record.width = record.height = record.channels = 1;
    pins::publish(publisher.view.slot(slot).sequence, publisher.view.index(n), slot,
                  publisher.view.header().head, n);
    publisher.view.header().wake.fetch_add(1);
    futex_wake_all(publisher.view.header().wake);
    EXPECT_TRUE(tap.next());
    daemon.reload(scripted("stay"));
    EXPECT_TRUE(daemon.comes_to(CAMTAP_STREAM_OPENING));
}

TEST(Reload, OnDemandTheNextTapGetsWhatIsConfiguredNow) {
    const auto configuration = [](int width) {
        return "[[stream]]\nname = \"test\"\nsource = \"pattern\"\nheight = 48\nfps = 100\n"
               "start = \"on-demand\"\nlinger = 3600\nwidth = " +
               std::to_string(width) + "\n";
    };
    DaemonProcess daemon(configuration(64));
    { ASSERT_TRUE(PlainTap(daemon).next()); }
    EXPECT_TRUE(eventually([&] { return daemon.info("test").taps == 0; }));
    daemon.write_config(configuration(80));
    camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
    ASSERT_EQ(camtap_reload(daemon.socket_path().c_str(), 20'000'000'000, &result), CAMTAP_OK);
    EXPECT_TRUE(eventually([&] { return daemon.info("test").state == CAMTAP_STREAM_WAITING; }));
    PlainTap tap(daemon);
    EXPECT_TRUE(eventually([&] {
        const auto frame = tap.next();
        return frame && frame->image.width == 80;
    }));
}

TEST(Reload, OtherRightsDontReplayARecordingThatHasEnded) {
    ScriptedDaemon daemon(scripted("publish=1 end"));
    ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_ENDED));
    daemon.reload(scripted("publish=1 end", "allow_users = [\"*\"]\n"));
    EXPECT_EQ(daemon.info("test").state, uint32_t{CAMTAP_STREAM_ENDED});
    EXPECT_EQ(count(daemon.log(), "source started"), 1u);
}

TEST(Reload, FromOnDemandToAlwaysOpensTheSource) {
    ScriptedDaemon daemon(scripted("stay", "start = \"on-demand\"\n"));
    ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_WAITING));
    daemon.reload(scripted("stay"));
    EXPECT_TRUE(daemon.comes_to(CAMTAP_STREAM_OPENING));
    daemon.reload(scripted("stay", "start = \"on-demand\"\nlinger = 0\n"));
    EXPECT_TRUE(daemon.comes_to(CAMTAP_STREAM_WAITING));
}

TEST(Reload, FromOnDemandToAlwaysWhileTheSourceIsBeingEndedStartsItAgain) {
    ScriptedDaemon daemon(scripted("deaf loop", "start = \"on-demand\"\nlinger = 0\n"));
    { ASSERT_TRUE(PlainTap(daemon).next()); }
    ASSERT_TRUE(daemon.logs("is asked to end"));
    daemon.reload(scripted("deaf loop"));
    ASSERT_TRUE(
        eventually([&] { return daemon.log().rfind("source started") > daemon.log().find("stopped"); }));
    EXPECT_TRUE(daemon.comes_to(CAMTAP_STREAM_LIVE));
}

TEST(Reload, WithLessRoomForTapsThoseThatAreThereKeepTheirs) {
    const auto configuration = [](int taps, int pins) {
        return scripted("loop", "depth = 1\nmax_taps = " + std::to_string(taps) +
                                    "\nmax_pins = " + std::to_string(pins) + "\n");
    };
    ScriptedDaemon daemon(configuration(4, 8));
    std::vector<std::unique_ptr<PinningTap>> taps;
    for (int i = 0; i < 3; ++i) {
        taps.push_back(std::make_unique<PinningTap>(daemon.socket_path()));
        ASSERT_EQ(taps.back()->max_pins, 8u);
    }
    ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_LIVE));
    const uint32_t before = daemon.info("test").generation;
    daemon.reload(configuration(1, 2));
    ASSERT_TRUE(eventually([&] { return daemon.info("test").generation > before; }));
    ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_LIVE));
    const camtap_stream_info now = daemon.info("test");
    EXPECT_EQ(now.slots, 1u + 2u + 3u * 8u) << "room for every pin that there can be";
    for (const auto& tap : taps) {  // and they use all of it
        tap->pin_newest();
        for (uint32_t word = 0; word < 8; ++word)
            tap->pins().pins[word] = layout::pin_value(now.generation, word + 8 * (tap == taps[1]));
    }
    const uint64_t published = daemon.info("test").published;
    EXPECT_TRUE(eventually([&] { return daemon.info("test").published > published + 50; }));
    EXPECT_EQ(daemon.info("test").no_slot, 0u);
}

TEST(Reload, ThatANameServiceHoldsDoesntHoldUpTheEndOfTheDaemon) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers want to be loaded first";
#endif
    setenv("LD_PRELOAD", SLOW_NAMES, 1);
    ScriptedDaemon daemon(scripted("loop"));
    unsetenv("LD_PRELOAD");
    const auto threads = [&] {
        const std::filesystem::directory_iterator all("/proc/" + std::to_string(daemon.pid()) + "/task");
        return std::distance(begin(all), end(all));
    };
    const auto before = threads();
    daemon.write_config(scripted("loop", "allow_groups = [\"slow\"]\n"));
    kill(daemon.pid(), SIGHUP);
    ASSERT_TRUE(eventually([&] { return threads() > before; }));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_NE(access(daemon.socket_path().c_str(), F_OK), 0);
}

TEST(Reload, WithoutAThreadForItTheConfigurationStaysAndTheDaemonLives) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "AddressSanitizer needs more address space than it would be left";
#endif
    ScriptedDaemon daemon(scripted("loop"));
    ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_LIVE));
    uint64_t pages = 0;
    std::ifstream("/proc/" + std::to_string(daemon.pid()) + "/statm") >> pages;
    rlimit before{};
    const rlimit tight{(pages * 4096) + (1 << 20), RLIM_INFINITY};
    ASSERT_EQ(prlimit(daemon.pid(), RLIMIT_AS, &tight, &before), 0);
    camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
    EXPECT_EQ(camtap_reload(daemon.socket_path().c_str(), 20'000'000'000, &result), CAMTAP_ERROR_INVALID);
    EXPECT_NE(std::string(result.message).find("thread"), std::string::npos) << result.message;
    ASSERT_EQ(prlimit(daemon.pid(), RLIMIT_AS, &before, nullptr), 0);
    EXPECT_EQ(daemon.reload(scripted("loop")).changed, 0u);
}

}  // namespace
}  // namespace camtap::test
