// Promise: without descriptors or with its own records spoilt, the daemon says so and goes on; nobody who is
// served already notices.
#include <sys/resource.h>

#include "raw_client.h"
#include "scripted_daemon.h"

namespace camtap::test {
namespace {

constexpr const char* kPublisher = "[[stream]]\nname = \"test\"\nsource = \"publisher\"\n";

// While it lives, the daemon can open no descriptor more, and has every one that it had.
class NoDescriptorsLeft {
  public:
    explicit NoDescriptorsLeft(const DaemonProcess& daemon) : client_(daemon.socket_path()), limit_(daemon) {
        client_.send(RawClient::hello(wire::Role::control));
        client_.expect<wire::Welcome>();  // so the daemon is at rest
        rlim_t free = 0;
        while (is_open(daemon, free)) ++free;
        limit_.set(free);
    }

    // A limit on the daemon's descriptors: their numbers are below it.
    class Limit {
      public:
        explicit Limit(const DaemonProcess& daemon) : pid_(daemon.pid()) {
            EXPECT_EQ(prlimit(pid_, RLIMIT_NOFILE, nullptr, &before_), 0);
        }
        ~Limit() { EXPECT_EQ(prlimit(pid_, RLIMIT_NOFILE, &before_, nullptr), 0); }
        Limit(const Limit&) = delete;
        Limit& operator=(const Limit&) = delete;
        void set(rlim_t limit) const {
            const rlimit soft{limit, before_.rlim_max};
            EXPECT_EQ(prlimit(pid_, RLIMIT_NOFILE, &soft, nullptr), 0);
        }

      private:
        pid_t pid_;
        rlimit before_{};
    };

  private:
    static bool is_open(const DaemonProcess& daemon, rlim_t fd) {
        const std::string path = "/proc/" + std::to_string(daemon.pid()) + "/fd/" + std::to_string(fd);
        char target[4096];
        return readlink(path.c_str(), target, sizeof target) >= 0;
    }
    RawClient client_;
    Limit limit_;
};

size_t occurrences(const std::string& text, const std::string& what) {
    size_t n = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
}

TEST(OutOfDescriptors, AClientIsRefusedInWordsAndTheNextOneIsServed) {
    DaemonProcess daemon(kPublisher);
    {
        const NoDescriptorsLeft none(daemon);
        RawClient client(daemon.socket_path());
        EXPECT_NE(client.expect_refusal(Code::limit).find("LimitNOFILE"), std::string::npos);
    }
    RawTap tap(daemon.socket_path());
    EXPECT_EQ(tap.sync().state, wire::StreamState::offline);
}

// Not even the descriptor kept for refusals helps: the connection stays in the queue, and is looked at now
// and then.
TEST(OutOfDescriptors, AConnectionThatCantEvenBeRefusedWaitsAndTheDaemonDoesntSpin) {
    DaemonProcess daemon(kPublisher);
    RawClient client = [&] {
        const NoDescriptorsLeft::Limit limit(daemon);
        limit.set(3);
        RawClient waiting(daemon.socket_path());
        EXPECT_TRUE(eventually([&] { return occurrences(daemon.log(), "no file descriptors left") >= 25; }));
        return waiting;
    }();
    EXPECT_EQ(daemon.log().find("left out"), std::string::npos) << "it tried as often as it could";
    client.send(RawClient::hello(wire::Role::control));
    client.expect<wire::Welcome>();
}

TEST(OutOfDescriptors, APublisherThatGetsNoLargerSegmentGoesOnWithTheOneItHas) {
    DaemonProcess daemon(kPublisher);
    RawPublisher publisher(daemon.socket_path());
    auto need = wire::make<wire::Need>();
    need.frame_bytes = 1 << 20;
    {
        const NoDescriptorsLeft none(daemon);
        publisher.send(need);
        EXPECT_EQ(publisher.expect<wire::Refused>().code, static_cast<int>(Code::limit));
    }
    publisher.ask();
    EXPECT_EQ(publisher.expect<wire::Seat>().generation, publisher.segment.generation);
    publisher.send(need);
    EXPECT_GT(publisher.expect<wire::Segment>().generation, publisher.segment.generation);
}

// The source's own connection takes what the last one's left, and no pidfd is to be had.
TEST(OutOfDescriptors, ASourceIsStartedAgainAndAgainAllTheSame) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "UndefinedBehaviorSanitizer needs descriptors of its own, to look at memory";
#endif
    ScriptedDaemon daemon(scripted("loop"));
    ASSERT_TRUE(daemon.comes_to(CAMTAP_STREAM_LIVE));
    const NoDescriptorsLeft none(daemon);
    const std::string words = "source started, process ";
    for (size_t run = 1; run <= 3; ++run) {
        ASSERT_TRUE(eventually([&] { return occurrences(daemon.log(), words) == run; })) << run;
        const std::string log = daemon.log();
        ::kill(std::stoi(log.substr(log.rfind(words) + words.size())), SIGKILL);
    }
    EXPECT_TRUE(eventually([&] { return occurrences(daemon.log(), words) == 4; }));
    EXPECT_EQ(daemon.log().find("stuck"), std::string::npos);
}

TEST(StandardStreams, ThatAreClosedAreNotTakenForSockets) {
    DaemonProcess daemon;
    daemon.write_config(kPublisher);
    Child child({"/bin/sh", "-c",
                 std::string("exec ") + CAMTAPD + " --config " + daemon.config_path() + " --socket " +
                     daemon.socket_path() + " <&- >&- 2>&-"},
                {}, daemon.directory().file("log"));
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(daemon.socket_path()); }));
    for (const char* fd : {"0", "1", "2"}) {
        std::error_code error;
        EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(child.pid()) + "/fd/" + fd, error),
                  "/dev/null");
    }
    child.kill(SIGTERM);
    EXPECT_EQ(child.wait(), 0);
}

TEST(SequenceNumbers, StartAboveAllThatWentBeforeWhenTheirFileIsSpoilt) {
    DaemonProcess daemon(kPublisher);
    const uint64_t before = RawPublisher(daemon.socket_path()).next_sequence;
    for (const char* text : {"", "hello", "camtap-sequences 1\ntest x\n"}) {
        EXPECT_EQ(daemon.stop(), 0);
        std::ofstream(daemon.socket_path() + ".sequences") << text;
        daemon.start();
        EXPECT_GT(RawPublisher(daemon.socket_path()).next_sequence, before + (1 << 20));
    }
    EXPECT_TRUE(daemon.logs("doesn't hold camtap's sequence numbers"));
}

}  // namespace
}  // namespace camtap::test
