// Promise: whatever a source or another publisher does, the stream's state says so, and it is up again as
// soon as can be.
#include "common/clock.h"
#include "common/pins.h"
#include "raw_client.h"
#include "scripted_daemon.h"
#include "two_cores.h"

namespace camtap::test {
namespace {

TEST(Source, ThatReportsItsEndButStaysIsEnded) {
    ScriptedDaemon daemon(scripted("publish=3 end stay"));
    EXPECT_TRUE(daemon.comes_to(CAMTAP_STREAM_ENDED));
    EXPECT_EQ(daemon.info("test").published, 3u);
    EXPECT_EQ(daemon.reason(), "the end of the script");
}

TEST(Source, ThatReportsItsFailureButStaysIsStartedAgain) {
    ScriptedDaemon daemon(scripted("publish=1 fail stay"));
    EXPECT_TRUE(eventually([&] { return daemon.info("test").restarts >= 1; }));
    EXPECT_TRUE(daemon.logs("the script says so"));
}

TEST(Source, ThatHangsUpButStaysIsKilledAndStartedAgain) {
    ScriptedDaemon daemon(scripted("publish=1 hang-up stay"));
    EXPECT_TRUE(eventually([&] { return daemon.info("test").restarts >= 1; }));
    EXPECT_TRUE(daemon.logs("it closed its connection, but did not exit"));
}

TEST(Source, ThatIgnoresSigtermHoldsUpNobodysEnd) {
    ScriptedDaemon daemon(scripted("deaf loop"));
    ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_LIVE));
    const pid_t source = daemon.info("test").publisher_pid;
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_TRUE(eventually([&] { return kill(source, 0) != 0; }));
}

// A source sets its own, right after it was forked.
bool comes_to_oom_score_adj(pid_t pid, const std::string& expected) {
    return eventually([&] {
        std::string score;
        std::ifstream("/proc/" + std::to_string(pid) + "/oom_score_adj") >> score;
        return score == expected;
    });
}

TEST(Source, ThatRanOutOfMemorySaysSoAndIsTheFirstToGoTheNextTime) {
    ScriptedDaemon daemon(scripted("publish=1 loop"));
    ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_LIVE));
    const pid_t first = daemon.info("test").publisher_pid;
    EXPECT_TRUE(comes_to_oom_score_adj(first, "500"));
    ::kill(first, SIGKILL);  // as the kernel would
    EXPECT_TRUE(daemon.logs("out of memory?"));
    pid_t second = 0;
    EXPECT_TRUE(
        eventually([&] { return (second = daemon.info("test").publisher_pid) != 0 && second != first; }));
    EXPECT_TRUE(comes_to_oom_score_adj(second, "1000"));
    ::kill(second, SIGTERM);
    pid_t third = 0;
    EXPECT_TRUE(
        eventually([&] { return (third = daemon.info("test").publisher_pid) != 0 && third != second; }));
    EXPECT_TRUE(comes_to_oom_score_adj(third, "500"));
}

TEST(Source, ThatHasNothingToReadYetIsStaleAndSaysWhy) {
    ScriptedDaemon daemon(scripted("idle stay"));
    EXPECT_TRUE(daemon.comes_to(CAMTAP_STREAM_STALE));
    EXPECT_EQ(daemon.reason(), "nothing to read yet");
}

TEST(Source, OfARecordingWithABadBeginningIsNotTakenToHang) {
    const TemporaryDirectory pictures;
    for (int i = 100; i < 140; ++i) std::ofstream(pictures.file(std::to_string(i) + ".jpg")) << "no picture";
    std::filesystem::copy_file(CAMTAP_TEST_DATA "/pedestrians/0001.jpg", pictures.file("999.jpg"));
    DaemonProcess daemon(
        "[[stream]]\nname = \"test\"\nsource = \"images\"\nfps = 20\nstall_timeout = 0.5\npath = \"" +
        pictures.path() + "\"\n");
    EXPECT_TRUE(eventually([&] { return daemon.info("test").published == 1; }));
    EXPECT_EQ(daemon.info("test").restarts, 0u);
}

TEST(Source, ThatNeedsLargerSlotsInMidRunGoesOn) {
    ScriptedDaemon daemon(scripted("publish=5 grow loop", "depth = 2\n"));
    PlainTap tap(daemon);
    EXPECT_TRUE(eventually([&] {
        const auto frame = tap.next();
        return frame && frame->image.width == 100'000;
    }));
    EXPECT_EQ(daemon.info("test").restarts, 0u);
}

TEST(OnDemand, ATapThatComesWhileTheSourceIsBeingEndedIsNoFailure) {
    ScriptedDaemon daemon(scripted("deaf loop", "start = \"on-demand\"\nlinger = 0\n"));
    { ASSERT_TRUE(PlainTap(daemon).next()); }
    ASSERT_TRUE(daemon.logs("is asked to end"));
    PlainTap tap(daemon);
    ASSERT_TRUE(
        eventually([&] { return daemon.log().rfind("source started") > daemon.log().find("stopped"); }));
    EXPECT_TRUE(tap.next());
    EXPECT_EQ(daemon.log().find("failed"), std::string::npos);
}

TEST(OnDemand, ARecordingThatHasEndedIsNotPlayedAgainBecauseATapLeaves) {
    ScriptedDaemon daemon(scripted("publish=2 end", "start = \"on-demand\"\nlinger = 0\n"));
    PlainTap staying(daemon);
    {
        PlainTap leaving(daemon);
        ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_ENDED));
    }
    ASSERT_TRUE(eventually([&] { return daemon.info("test").taps == 1; }));
    EXPECT_EQ(daemon.info("test").state, uint32_t{CAMTAP_STREAM_ENDED});
    daemon.stop();
    const std::string log = daemon.log();
    EXPECT_EQ(log.find("source started"), log.rfind("source started"));
}

TEST(OnDemand, WhenTheLastTapLeavesASourceThatFailsNobodyWaitsForIt) {
    ScriptedDaemon daemon("[daemon]\nrestart_delay = 3600\nrestart_delay_max = 3600\n" +
                          scripted("exit=1", "start = \"on-demand\"\nlinger = 0\n"));
    {
        RawTap tap(daemon.socket_path());
        ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_OFFLINE));
    }
    EXPECT_TRUE(daemon.comes_to(CAMTAP_STREAM_WAITING));
}

TEST(OnDemand, ATapThatIsHeardNoMoreKeepsNoCameraOpen) {
    ScriptedDaemon daemon("[daemon]\nmax_requests_per_second = 10\n" +
                          scripted("stay", "start = \"on-demand\"\nlinger = 0\n"));
    RawTap tap(daemon.socket_path());
    ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_OPENING));
    for (int i = 0; i < 20; ++i) tap.send(wire::make<wire::Sync>());
    EXPECT_TRUE(daemon.comes_to(CAMTAP_STREAM_WAITING));
    EXPECT_EQ(daemon.info("test").taps, 1u) << "its seat is kept";
}

// ---- publishers that ask seldom: with a stock of 32, every sixteenth frame

constexpr const char* kPublisher = "[[stream]]\nname = \"test\"\nsource = \"publisher\"\nstale_after = 0.2\n";

// Honest: tells of a frame when it is wanted, and no other time.
struct SeldomPublisher : RawPublisher {
    explicit SeldomPublisher(const DaemonProcess& daemon, uint64_t bytes = 64)
        : RawPublisher(daemon.socket_path(), 32, bytes) {}
    void publish() {
        publish_silently();
        if (pins::armed(view.header().armed)) send(wire::make<wire::Poke>());
    }
    void report(wire::Activity activity) {
        auto report = wire::make<wire::Report>();
        report.activity = activity;
        send(report);
    }
};

TEST(SeldomAsking, TheFirstFrameMakesTheStreamLive) {
    DaemonProcess daemon(kPublisher);
    SeldomPublisher publisher(daemon);
    RawTap tap(daemon.socket_path());
    EXPECT_EQ(tap.sync().state, wire::StreamState::opening);
    publisher.publish();
    EXPECT_TRUE(daemon.logs("test: live"));
}

TEST(SeldomAsking, AFrameAfterASilenceMakesTheStreamLiveAgainAndThenNobodyIsTold) {
    DaemonProcess daemon(kPublisher);
    SeldomPublisher publisher(daemon);
    publisher.publish();
    ASSERT_TRUE(daemon.logs("test: live"));
    EXPECT_TRUE(eventually([&] { return !pins::armed(publisher.view.header().armed); }));
    ASSERT_TRUE(daemon.logs("test: stale"));
    ASSERT_TRUE(eventually([&] { return pins::armed(publisher.view.header().armed); }));
    publisher.publish();
    EXPECT_TRUE(eventually([&] {
        const std::string log = daemon.log();
        return log.find("test: live", log.find("test: stale")) != std::string::npos;
    }));
    EXPECT_TRUE(eventually([&] { return !pins::armed(publisher.view.header().armed); }));
}

TEST(SeldomAsking, TheEndComesAfterTheLastFramesAndStays) {
    DaemonProcess daemon(kPublisher);
    SeldomPublisher publisher(daemon);
    for (int i = 0; i < 5; ++i) publisher.publish();
    publisher.report(wire::Activity::ended);
    publisher.hang_up();
    EXPECT_TRUE(eventually([&] { return daemon.info("test").publisher_pid == 0; }));
    EXPECT_EQ(daemon.info("test").state, uint32_t{CAMTAP_STREAM_ENDED});
    EXPECT_EQ(daemon.info("test").published, 5u);
}

// It may still publish, and taps that have its segment mapped would see that.
TEST(SeldomAsking, TheNumbersThatAPublisherCouldStillUseAreNotGivenToTheNext) {
    DaemonProcess daemon(kPublisher);
    SeldomPublisher first(daemon);
    first.publish();
    ASSERT_TRUE(eventually([&] { return daemon.info("test").published == 1; }));
    const uint64_t last = first.segment.through;
    first.hang_up();
    ASSERT_TRUE(eventually([&] { return daemon.info("test").publisher_pid == 0; }));
    EXPECT_GT(SeldomPublisher(daemon).segment.first, last);
}

// As eventually(), but doesn't sleep in between.
bool comes_soon(const std::function<bool()>& condition) {
    const int64_t deadline = monotonic_ns() + 10 * kNsPerSecond;
    while (!condition()) {
        if (monotonic_ns() > deadline) return false;
    }
    return true;
}

// A publisher that goes on right after it said that it had ended: its frame may come when the daemon has
// looked for the last frames, and hasn't asked yet to be told of the next. That moment is sought again and
// again.
TEST(SeldomAsking, AFrameRightAfterTheEndIsNotOverlooked) {
    DaemonProcess daemon(
        "[daemon]\nmax_requests_per_second = 1000000\n"
        "[[stream]]\nname = \"test\"\nsource = \"publisher\"\nstale_after = 3600\n");
    const OnTwoCores cores(daemon.pid());
    SeldomPublisher publisher(daemon);
    const layout::SegmentHeader& header = publisher.view.header();
    RawTap tap(daemon.socket_path());
    const auto until_all_is_heard = [&] {
        publisher.send(wire::make<wire::Need>());  // 0 bytes: refused, when all before it has been heard
        publisher.expect<wire::Refused>();
    };
    for (int round = 0; round < 300; ++round) {
        publisher.report(wire::Activity::ended);
        until_all_is_heard();
        const uint32_t changes = header.changes;
        publisher.publish();  // makes it live, and then nobody wants to be told
        publisher.report(wire::Activity::ended);
        ASSERT_TRUE(comes_soon([&] { return !pins::armed(header.armed) || header.changes - changes > 1; }));
        const int64_t until = monotonic_ns() + round % 100 * 100;  // by now the daemon reads that report
        while (monotonic_ns() < until) {
        }
        publisher.publish();
        until_all_is_heard();
        const wire::StreamState seen = tap.sync(publisher.segment.generation).state;
        ASSERT_EQ(daemon.info("test").state, static_cast<uint32_t>(seen))
            << "it took a question to find the frame; round " << round;
    }
}

TEST(SeldomAsking, FramesThatNobodyToldOfDontBringARemovedStreamBack) {
    ScriptedDaemon daemon(std::string(kPublisher) + scripted("loop", "", "beside"));
    SeldomPublisher publisher(daemon);
    publisher.publish();
    ASSERT_TRUE(daemon.logs("test: live"));
    EXPECT_TRUE(eventually([&] { return !pins::armed(publisher.view.header().armed); }));
    ASSERT_TRUE(daemon.logs("test: stale"));
    publisher.view.header().armed = 0;  // so that the next frame is news when the stream is removed
    publisher.publish();
    daemon.reload(scripted("loop", "", "beside"));
    ASSERT_TRUE(daemon.logs("test: gone"));
    daemon.stop();
    const std::string log = daemon.log();
    const size_t gone = log.find("test: gone");
    EXPECT_EQ(log.find("test: live", gone), std::string::npos);
    EXPECT_EQ(log.find("test: offline", gone), std::string::npos);
}

// ---- memory that was promised and not used

constexpr const char* kTwoInAGibibyte = R"(
[daemon]
max_memory = "1 GiB"
[[stream]]
name = "test"
source = "publisher"
[[stream]]
name = "other"
source = "publisher"
)";
constexpr uint64_t kMostOfIt = 20 << 20;  // × 38 slots

struct NeedyPublisher : RawClient {
    NeedyPublisher(const DaemonProcess& daemon, const std::string& stream) : RawClient(daemon.socket_path()) {
        send(hello(wire::Role::publisher, stream, 2));
        expect<wire::Welcome>();
    }
    void need(uint64_t bytes) {
        auto need = wire::make<wire::Need>();
        need.frame_bytes = bytes;
        send(need);
    }
};

TEST(Memory, OfASegmentThatWasNeverMappedIsGivenBack) {
    DaemonProcess daemon(kTwoInAGibibyte);
    {
        NeedyPublisher publisher(daemon, "test");
        publisher.need(kMostOfIt);
        publisher.expect<wire::Segment>();
    }
    EXPECT_TRUE(eventually([&] { return daemon.info("test").publisher_pid == 0; }));
    NeedyPublisher publisher(daemon, "other");
    publisher.need(kMostOfIt);
    publisher.expect<wire::Segment>();
}

TEST(Memory, OfASegmentThatIsAskedForTwiceCountsOnce) {
    DaemonProcess daemon(kTwoInAGibibyte);
    NeedyPublisher publisher(daemon, "test");
    publisher.need(kMostOfIt);
    const auto first = publisher.expect<wire::Segment>();
    publisher.need(kMostOfIt);
    const auto second = publisher.expect<wire::Segment>();
    EXPECT_NE(first.generation, second.generation);
}

}  // namespace
}  // namespace camtap::test
