// Promise: whatever a publisher writes into its segment while taps read, they get errors or frames whose
// every byte lies in their slot; a writable mapping that it keeps afterwards is nobody's concern.
#include <thread>

#include "liars.h"

namespace camtap::test {
namespace {

struct Scribbling : Liars {
    // Victims of both ways read thousands of frames while a publisher, in a process of its own, does `round`
    // again and again; it comes back when it is ended.
    void expect_survived(const std::function<void(HostilePublisher&, Random&)>& round) {
        constexpr uint64_t kFrames = 3000;
        Victim next(path(), Victim::Way::next);
        Victim latest(path(), Victim::Way::latest);
        free_run("alone");
        {
            HostileProgram program([&](Forked::Child& child) -> int {
                Random random(1);
                child.say();
                for (;;) {
                    if (!wait_until_vacant(daemon)) return 1;
                    HostilePublisher publisher(path());
                    for (int i = 0; i < 50'000; ++i) round(publisher, random);
                }
            });
            program.wait_until_at_it();
            const auto until = std::chrono::steady_clock::now() + hostile_seconds();
            const auto guard = std::chrono::steady_clock::now() + 3 * kGuard + hostile_seconds();
            for (uint64_t i = 0; !HasFailure(); ++i) {
                (void)next.take(kNsPerMs);
                (void)latest.take(kNsPerMs);
                if (i % 64 == 0) paced(1);
                const auto now = std::chrono::steady_clock::now();
                if (now >= until && next.frames() >= kFrames && latest.frames() >= kFrames) break;
                ASSERT_LT(now, guard) << next.frames() << " and " << latest.frames() << " frames";
            }
            free_run("beside_hostile");
            EXPECT_TRUE(program.runs());
        }
        std::printf("[  hostile ] %llu and %llu frames read, %llu and %llu malformed\n",
                    static_cast<unsigned long long>(next.frames()),
                    static_cast<unsigned long long>(latest.frames()),
                    static_cast<unsigned long long>(next.malformed()),
                    static_cast<unsigned long long>(latest.malformed()));
        next.expect_balance();
        latest.expect_balance();
        latest.let_go();
        expect_recovery(next);
    }
};

// Numbers and slots of its own choice, which the daemon isn't told of.
uint64_t publish_anything(HostilePublisher& publisher, Random& random) {
    const auto s = static_cast<uint32_t>(random.below(publisher.slots()));
    publisher.view.slot(s).record = HostilePublisher::record(random);
    publisher.publish(publisher.next_sequence, s);
    if (random.below(16) == 0) sched_yield();
    return publisher.next_sequence++;
}

TEST_F(Scribbling, RandomAndAdversarialRecords) {
    expect_survived([](HostilePublisher& publisher, Random& random) {
        publish_anything(publisher, random);
        // and while it is read
        auto* words = reinterpret_cast<uint64_t*>(
            &publisher.view.slot(static_cast<uint32_t>(random.below(publisher.slots()))).record);
        __atomic_store_n(words + random.below(sizeof(layout::FrameRecord) / 8), random.nasty(),
                         __ATOMIC_RELAXED);
    });
}

// Fits, doesn't, fits, …: what was checked must be what is used.
TEST_F(Scribbling, RecordsThatChangeWhileTheyAreRead) {
    expect_survived([](HostilePublisher& publisher, Random& random) {
        const auto s = static_cast<uint32_t>(random.below(publisher.slots()));
        layout::FrameRecord& record = publisher.view.slot(s).record;
        const layout::FrameRecord good = HostilePublisher::record();
        record = good;
        publisher.publish(publisher.next_sequence++, s);
        const auto store = [](auto& to, auto value) { __atomic_store_n(&to, value, __ATOMIC_RELAXED); };
        for (int i = 0; i < 1000; ++i) {
            store(record.bytes, good.bytes * 1000);
            store(record.height, good.height * 1000);
            store(record.stride, good.stride * 1000);
            store(record.bytes, good.bytes);
            store(record.height, good.height);
            store(record.stride, good.stride);
        }
    });
}

TEST_F(Scribbling, RandomAndAdversarialHeads) {
    expect_survived([](HostilePublisher& publisher, Random& random) {
        const uint64_t n = publish_anything(publisher, random);
        layout::Word64& head = publisher.view.header().head;
        head = random.below(2) == 0 ? n + random.nasty() : random.nasty();
        publisher.wake();
        head = n;
        publisher.wake();
    });
}

TEST_F(Scribbling, RandomWordsAllOverHeaderIndexAndDescriptors) {
    expect_survived([](HostilePublisher& publisher, Random& random) {
        publish_anything(publisher, random);
        for (int i = 0; i < 4; ++i) publisher.scribble(random);
        publisher.view.header().head = publisher.next_sequence - 1;
    });
}

// The words that tell of news: each may make a tap ask the daemon.
TEST_F(Scribbling, WordsThatCallForNewsAllTheTime) {
    expect_survived([](HostilePublisher& publisher, Random& random) {
        publish_anything(publisher, random);
        layout::SegmentHeader& header = publisher.view.header();
        header.changes = static_cast<uint32_t>(random());
        header.superseded = static_cast<uint32_t>(random.below(2));
        header.armed = static_cast<uint32_t>(random());
        publisher.wake();
    });
}

// A tap may be lied to, but never goes back in its own words.
TEST_F(Scribbling, AHeadThatGoesBackAndForthNeverMakesATapGoBack) {
    Victim victim(path(), Victim::Way::latest);
    HostileProgram program([this](Forked::Child& child) -> int {
        HostilePublisher publisher(path());
        child.say();
        for (uint64_t n = publisher.next_sequence;; ++n) {
            const auto s = static_cast<uint32_t>(n % publisher.slots());
            publisher.view.slot(s).sequence = 0;
            publisher.view.index(n) = s;
            for (int i = 0; i < 50; ++i) {  // the newest one isn't there, and when the tap looks again, …
                publisher.view.header().head = n;
                publisher.view.header().head = n - 3;  // … an older one is the newest
            }
            publisher.view.slot(s).record = HostilePublisher::record();
            publisher.publish(n, s);
            if (n % 64 == 0) sched_yield();
        }
    });
    program.wait_until_at_it();
    uint64_t last = 0;
    for (int frames = 0; frames < 100'000 && !HasFailure();) {
        Got got = latest(victim.handle(), kLong);
        ASSERT_EQ(got.error, CAMTAP_OK) << camtap_last_error();
        ASSERT_GT(got.sequence(), last);
        ASSERT_LT(sum(got.info().missed), uint64_t{1} << 32);
        last = got.sequence();
        if (++frames % 64 == 0) paced(1);
    }
    program.end();
    victim.expect_balance();
}

// ---- a mapping that outlives its publisher

TEST_F(Scribbling, AWritableMappingKeptAfterTheEndReachesOnlyTheOldGeneration) {
    Victim victim(path(), Victim::Way::next);
    Victim holder(path(), Victim::Way::next);
    HostileProgram program([this](Forked::Child& child) -> int {
        Random random(1);
        HostilePublisher publisher(path());
        publisher.publish_honestly();
        child.say();
        child.wait();  // until the frame is held
        publisher.hang_up();
        child.say();
        for (;;) {
            for (int i = 0; i < 1000; ++i) publisher.scribble(random);
            auto* payload = reinterpret_cast<layout::Word64*>(publisher.view.payload(0));
            const uint64_t words = publisher.view.geometry.slot_bytes * publisher.slots() / 8;
            for (int i = 0; i < 1000; ++i)
                payload[random.below(words)].store(random(), std::memory_order_relaxed);
        }
    });
    program.wait_until_at_it();
    ASSERT_EQ(holder.take(kLong), CAMTAP_OK);
    program.say();
    program.wait_until_at_it();
    ASSERT_TRUE(wait_until_vacant(daemon));
    for (int i = 0; i < 50; ++i) (void)victim.take(kNsPerMs);  // what is left of it
    expect_recovery(victim);
    ASSERT_TRUE(wait_until_vacant(daemon));
    open_test_lane();
    free_run("beside_hostile");
    const auto until = std::chrono::steady_clock::now() + hostile_seconds();
    do {
        paced(300);
        holder.touch_held();
    } while (std::chrono::steady_clock::now() < until && !HasFailure());
    EXPECT_TRUE(program.runs());
}

}  // namespace
}  // namespace camtap::test
