// Promise: who sleeps on the wake word is woken, and who asked to be told is told, each time and at once. Taps look
// again by themselves every 100 ms, and would hide that one wasn't; here nobody does.
#include <camtap/camtap.h>
#include <sys/syscall.h>

#include "client/writable_segment.h"
#include "common/futex.h"
#include "common/pins.h"
#include "daemon_process.h"
#include "forked.h"
#include "raw_client.h"
#include "two_cores.h"

namespace camtap::test {
namespace {

constexpr const char* kPublisher =
    "[[stream]]\nname = \"test\"\nsource = \"publisher\"\nstale_after = 3600\n";

// A process asleep on the wake word of a segment that it can only read.
class Sleeper {
  public:
    explicit Sleeper(const layout::SegmentHeader& header)
        : process_([&header](Forked::Child& child) {
              const uint32_t seen = header.wake.load();
              child.say();
              return futex_wait(header.wake, seen, kNsPerSecond * std::chrono::seconds(kGuard).count()) ? 2
                                                                                                        : 0;
          }) {
        process_.wait();
        EXPECT_TRUE(eventually([this] { return sleeps(); }));
    }
    void expect_woken() { EXPECT_EQ(process_.join(), 0) << "nobody woke it"; }

  private:
    bool sleeps() const {
        std::string call;
        std::ifstream("/proc/" + std::to_string(process_.pid()) + "/syscall") >> call;
        return call == std::to_string(SYS_futex);
    }
    Forked process_;
};

TEST(ASleeper, IsWokenByAFrame) {
    const auto geometry = layout::Geometry::of(4, 2, 64);
    const UniqueFd memory = std::move(*create_memfd("camtap-test", geometry.segment_bytes()));
    const auto map = [&](Mapping::Access access) {
        return std::move(*Mapping::map(memory.get(), geometry.segment_bytes(), access));
    };
    Mapping writable = map(Mapping::Access::read_write);
    const Mapping readable = map(Mapping::Access::read_only);
    Sleeper sleeper(*reinterpret_cast<const layout::SegmentHeader*>(readable.data()));
    client::WritableSegment segment(
        client::LocalMapping(*client::ProcessMark::current(), std::move(writable)), 1, geometry, 1, 1, 100);
    const auto taken = segment.take(64, false);
    ASSERT_TRUE(taken.ok() && *taken);
    segment.publish(**taken);
    sleeper.expect_woken();
}

TEST(ASleeper, IsWokenByAChangeOfState) {
    DaemonProcess daemon(kPublisher);
    RawPublisher publisher(daemon.socket_path());
    Sleeper sleeper(publisher.view.header());
    auto report = wire::make<wire::Report>();
    report.activity = wire::Activity::ended;
    publisher.send(report);
    sleeper.expect_woken();
}

// By the time that `wake` has changed, `changes` must have: who looks too early would go back to sleep.
TEST(ASleeper, FindsTheChangeThatItIsWokenFor) {
    DaemonProcess daemon("[daemon]\nmax_requests_per_second = 1000000\n" + std::string(kPublisher));
    const OnTwoCores cores(daemon.pid());
    RawPublisher publisher(daemon.socket_path());
    const layout::SegmentHeader& header = publisher.view.header();
    auto report = wire::make<wire::Report>();
    report.activity = wire::Activity::idle;
    for (uint32_t i = 0; i < 1000; ++i) {
        const uint32_t changes = header.changes.load();
        const uint32_t wake = header.wake.load();
        report.message.set(std::to_string(i));
        publisher.send(report);
        const int64_t guard = monotonic_ns() + 10 * kNsPerSecond;
        while (header.wake.load(std::memory_order_acquire) == wake) ASSERT_LT(monotonic_ns(), guard);
        ASSERT_NE(header.changes.load(std::memory_order_acquire), changes) << "change " << i;
    }
}

// A stream that is live, and a tap that has seen all there is: up to here nobody waits.
class Armed : public testing::Test {
  protected:
    void SetUp() override {
        publish();
        publisher.send(wire::make<wire::Poke>());
        ASSERT_TRUE(eventually([&] { return daemon.info("test").state == CAMTAP_STREAM_LIVE && !wanted(); }));
        tap.sync();
        tap.sync(publisher.segment.generation);  // after this, nothing is on its way to it
    }
    void publish() { publisher.publish_silently(); }
    bool wanted() const { return pins::armed(publisher.view.header().armed); }
    void arm() {
        auto arm = wire::make<wire::Arm>();
        arm.generation = publisher.segment.generation;
        arm.sequence = seen_;
        tap.send(arm);
    }
    void tap_has_seen_all() { seen_ = publisher.next_sequence - 1; }

    DaemonProcess daemon{kPublisher};
    RawPublisher publisher{daemon.socket_path(), 8};
    RawTap tap{daemon.socket_path()};

  private:
    uint64_t seen_ = 0;
};

TEST_F(Armed, TheTapIsToldOfAFrameThatTheDaemonHasNotSeenYet) {
    tap_has_seen_all();
    publish();
    arm();
    tap.expect<wire::Nudge>();
}

TEST_F(Armed, ThePublisherIsAskedUntilTheTapIsTold) {
    tap_has_seen_all();
    arm();
    tap.sync(publisher.segment.generation);  // answered after what was said before
    ASSERT_TRUE(wanted());
    publish();
    publisher.send(wire::make<wire::Poke>());
    tap.expect<wire::Nudge>();
    EXPECT_TRUE(eventually([&] { return !wanted(); }));
}

TEST_F(Armed, TheTapIsToldOfAChangeSinceItSynced) {
    tap_has_seen_all();
    auto report = wire::make<wire::Report>();
    report.activity = wire::Activity::ended;
    report.message.set("first");
    publisher.send(report);
    tap.expect<wire::Nudge>();
    report.message.set("second");  // not told of: a nudge is on its way, as far as the daemon knows
    publisher.send(report);
    ASSERT_TRUE(eventually([&] { return std::string(daemon.info("test").reason) == "second"; }));
    arm();
    tap.expect<wire::Nudge>();
}

}  // namespace
}  // namespace camtap::test
