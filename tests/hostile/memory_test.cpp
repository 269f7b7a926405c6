// Promise: a tap that reads what was never written, or holds on to all that it ever got, costs no more memory
// than the stream's bound says; a tap that forks is one tap, and what its children do is its own affair.
#include <sys/mman.h>

#include "stage.h"

namespace camtap::test {
namespace {

struct Forks : Stage {
    void SetUp() override {
        Stage::SetUp();
        open_test_lane();
    }
    std::string path() const { return daemon.socket_path(); }
    size_t taps() const { return daemon.taps("test").size(); }

    // The tap's process dies at once; its child lives until it is told to end, with everything that the tap
    // had.
    int die_and_leave_a_child(Forked::Child& child, RawTap& tap,
                              const std::function<void()>& as_child) const {
        const auto synced = tap.sync();
        for (uint32_t w = 0; w < tap.max_pins; ++w)
            tap.pins().pins[w] = layout::pin_value(synced.generation, w);
        if (fork() == 0) {
            as_child();
            child.say();
            child.wait();
            _exit(0);
        }
        return 0;
    }
};

TEST_F(Forks, AChildThatKeepsTheSocketOfADeadTapKeepsNothing) {
    const Footprint before = Footprint::of(daemon.pid());
    HostileProgram program([this](Forked::Child& child) {
        RawTap tap(path());
        return die_and_leave_a_child(child, tap, [] {});
    });
    program.wait_until_at_it();
    EXPECT_EQ(program.join(), 0);
    EXPECT_TRUE(eventually([&] { return taps() == 1; })) << "the pidfd says that the tap is dead";
    expect_footprint(before);
    paced(50);
    program.say();  // the child ends
}

TEST_F(Forks, AChildThatGoesOnWithADeadTapsSocketAndPageIsNotHeard) {
    const Footprint before = Footprint::of(daemon.pid());
    HostileProgram program([this](Forked::Child& child) {
        RawTap tap(path());
        return die_and_leave_a_child(child, tap, [&tap] {
            for (int i = 0; i < 1000 && tap.send(wire::make<wire::Arm>()) != Sent::hang_up; ++i) {
                tap.pins().pins[i % tap.max_pins] = layout::pin_value(1, static_cast<uint32_t>(i % 20));
                poll(nullptr, 0, 3);
            }
        });
    });
    program.wait_until_at_it();
    EXPECT_EQ(program.join(), 0);
    expect_footprint(before);
    paced(50);
    program.say();
}

TEST_F(Forks, AChildThatShutsTheSocketDownEndsOnlyItsParentsSession) {
    play([this](Forked::Child&) {
        RawTap tap(path());
        RawTap other(path());
        tap.sync();
        const pid_t child = fork();
        if (child == 0) _exit(shutdown(tap.fd(), SHUT_RDWR));
        int status = 0;
        waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        tap.expect_hang_up();
        EXPECT_TRUE(eventually([&] { return taps() == 2; }));
        EXPECT_NE(other.sync().generation, 0u) << "the same process's other session goes on";
        return 0;
    });
}

TEST_F(Forks, ChildrenThatAllUseTheSameSocketAndPage) {
    withstand({[this](Forked::Child& child) -> int {
        RawTap tap(path());
        const auto synced = tap.sync();
        for (int i = 0; i < 3; ++i) {
            if (fork() == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
        }
        child.say();
        for (uint64_t i = 0;; ++i) {
            (void)tap.send(wire::make<wire::Arm>());
            tap.pins().pins[i % tap.max_pins] =
                layout::pin_value(synced.generation, static_cast<uint32_t>(i % 20));
            Datagram ignored;
            receive(tap.fd(), ignored);
            poll(nullptr, 0, 100);
        }
    }});
}

// ---- memory

using Memory = Forks;

void read_all(const Mapping& segment) {
    for (size_t at = 0; at < segment.bytes(); at += layout::kPage) {
        (void)*static_cast<const volatile std::byte*>(segment.data() + at);
    }
}

TEST_F(Memory, ATapThatReadsEveryHoleBacksTheSegmentAndNoMore) {
    const uint64_t bound = test->publisher().view.geometry.segment_bytes();
    const auto info = daemon.info("test");
    EXPECT_EQ(info.segment_bytes, bound);
    EXPECT_LT(info.memory_bytes, bound) << "slots that were never used have no memory";
    play([&](Forked::Child&) {
        RawTap tap(path());
        tap.sync();
        auto segment = Mapping::map(tap.segment_fd.get(), bound, Mapping::Access::read_only);
        EXPECT_TRUE(segment.ok());
        for (int i = 0; i < 20; ++i) {
            read_all(*segment);
            (void)fallocate(tap.segment_fd.get(), 0, 0, static_cast<off_t>(bound));
            (void)fallocate(tap.segment_fd.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(4 * bound));
            EXPECT_EQ(daemon.info("test").memory_bytes, bound);
        }
        return 0;
    });
    EXPECT_EQ(daemon.info("test").memory_bytes, bound);
}

// The daemon itself keeps one generation, whatever taps keep; and its accounts know it.
TEST_F(Memory, ATapThatKeepsEveryGenerationKeepsNoneInTheDaemon) {
    const Footprint before = Footprint::of(daemon.pid());
    const uint64_t bytes = daemon.info("test").segment_bytes;
    HostileProgram program([&](Forked::Child& child) {
        RawTap tap(path());
        std::vector<Mapping> kept;
        std::vector<UniqueFd> fds;
        for (uint32_t known = 0;; child.say(), child.wait()) {
            const auto synced = tap.sync(known);
            known = synced.generation;
            auto segment = Mapping::map(tap.segment_fd.get(), wire::geometry(synced.geometry).segment_bytes(),
                                        Mapping::Access::read_only);
            EXPECT_TRUE(segment.ok());
            read_all(*segment);
            kept.push_back(std::move(*segment));
            fds.push_back(std::move(tap.segment_fd));
        }
        return 0;
    });
    program.wait_until_at_it();
    Footprint with_tap = before;
    with_tap.descriptors += 3;  // its socket, its pidfd and its pin page
    with_tap.mappings += 1;     // its pin page
    for (int generation = 0; generation < 20 && !HasFailure(); ++generation) {
        test->begin_generation();
        program.say();
        program.wait_until_at_it();
        EXPECT_EQ(daemon.info("test").segment_bytes, bytes);
        expect_footprint(with_tap);
        paced(10);
    }
    program.end();
    expect_footprint(before);
}

}  // namespace
}  // namespace camtap::test
