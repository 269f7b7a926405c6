// Promise: a publisher that asks for what it may not have, asks without end, or doesn't do what it was asked
// to, hears no or loses its session, and the stream says why; nobody else notices.
#include "liars.h"

namespace camtap::test {
namespace {

struct Requests : Liars {
    using Liars::Liars;
    static wire::Need need(uint64_t bytes) {
        auto message = wire::make<wire::Need>();
        message.frame_bytes = bytes;
        return message;
    }
    // Given a segment, which it hasn't mapped.
    static wire::Segment begin(RawClient& publisher, uint64_t bytes = 100) {
        publisher.send(RawClient::hello(wire::Role::publisher, "test", 2));
        publisher.expect<wire::Welcome>();
        publisher.send(need(bytes));
        return publisher.expect<wire::Segment>();
    }
    // Which the daemon keeps, one of each stream.
    void leave_a_generation() const {
        HostilePublisher(path()).hang_up();
        ASSERT_TRUE(wait_until_vacant(daemon));
    }
    static void say_mapped(RawClient& publisher, uint32_t generation) {
        auto mapped = wire::make<wire::Mapped>();
        mapped.generation = generation;
        publisher.send(mapped);
    }
};

TEST_F(Requests, MoreThanIsAllowedIsRefusedAndTheSessionGoesOn) {
    HostilePublisher publisher(path());
    for (const uint64_t bytes : {uint64_t{0}, uint64_t{1} << 40, ~uint64_t{0}}) {
        publisher.send(need(bytes));
        const auto refused = publisher.expect<wire::Refused>();
        EXPECT_EQ(refused.code, static_cast<int>(Code::too_big));
        EXPECT_NE(refused.message.view().find("max_frame_bytes"), std::string::npos);
    }
    publisher.send(need(30 << 20));
    const auto refused = publisher.expect<wire::Refused>();
    EXPECT_EQ(refused.code, static_cast<int>(Code::limit));
    EXPECT_NE(refused.message.view().find("max_memory"), std::string::npos);
    publisher.ask();
    publisher.expect<wire::Seat>();
}

TEST_F(Requests, ASecondPublisherIsTurnedAway) {
    HostilePublisher first(path());
    RawClient second(path());
    second.send(RawClient::hello(wire::Role::publisher, "test", 2));
    second.expect_refusal(Code::busy);
}

TEST_F(Requests, AStockOutOfRangeIsRefused) {
    for (const uint32_t stock : {0u, 33u, ~0u}) {
        RawClient publisher(path());
        publisher.send(RawClient::hello(wire::Role::publisher, "test", stock));
        publisher.expect_refusal(Code::invalid);
    }
}

TEST_F(Requests, AsksForSegmentAfterSegment) {
    leave_a_generation();
    play([this](Forked::Child&) {
        HostilePublisher publisher(path());
        bool ended = false;
        for (int i = 0; i < 100'000 && !ended; ++i) {
            ended = publisher.send(need(100)) == Sent::hang_up ||
                    publisher.next().kind == Datagram::Kind::hang_up;
        }
        EXPECT_TRUE(ended);
        return 0;
    });
    expect_ended("max_requests_per_second");
}

TEST_F(Requests, SaysMappedForWhatItWasntGiven) {
    Victim victim(path(), Victim::Way::next);
    for (const uint32_t other : {0u, 1u, 12345u, ~0u}) {
        RawClient publisher(path());
        publisher.send(RawClient::hello(wire::Role::publisher, "test", 2));
        publisher.expect<wire::Welcome>();
        say_mapped(publisher, other);
        expect_ended("it mapped a segment that it wasn't given");
    }
    RawClient twice(path());
    const uint32_t first = begin(twice).generation;
    twice.send(need(200));
    twice.expect<wire::Segment>();
    say_mapped(twice, first);
    expect_ended("it mapped a segment that it wasn't given");
    expect_recovery(victim);
}

TEST_F(Requests, AsksAboutAnotherGeneration) {
    Victim victim(path(), Victim::Way::next);
    for (const int32_t difference : {-1, 1}) {
        HostilePublisher publisher(path());
        publisher.segment.generation += static_cast<uint32_t>(difference);
        publisher.ask();
        expect_ended("it asked about a generation that isn't its own");
    }
    expect_recovery(victim);
}

// ---- the deadline for mapping

constexpr const char* kShortDeadline = R"(
[daemon]
handshake_timeout = "1 s"
[[stream]]
name = "test"
source = "publisher"
[[stream]]
name = "beside"
source = "publisher"
depth = 8
max_pins = 4
)";

struct Deadline : Requests {
    Deadline() : Requests(kShortDeadline) {}
};

TEST_F(Deadline, NeverMapsWhatItAskedFor) {
    Victim victim(path(), Victim::Way::next);
    RawClient publisher(path());
    begin(publisher);
    while (daemon.info("test").publisher_pid != 0 && !HasFailure()) paced(1);
    expect_ended("handshake_timeout");
    expect_recovery(victim);
}

TEST_F(Deadline, MapsLate) {
    Victim victim(path(), Victim::Way::next);
    RawClient publisher(path());
    const uint32_t generation = begin(publisher).generation;
    while (daemon.info("test").publisher_pid != 0 && !HasFailure()) paced(1);
    say_mapped(publisher, generation);
    EXPECT_EQ(publisher.next().kind, Datagram::Kind::hang_up) << "too late";
    expect_ended("handshake_timeout");
    EXPECT_EQ(daemon.info("test").generation, 0u) << "nobody was told of it";
    expect_recovery(victim);
}

TEST_F(Deadline, NeverMapsTheSecondOneAndPublishesInTheFirst) {
    Victim victim(path(), Victim::Way::next);
    HostilePublisher publisher(path());
    publisher.publish_honestly();
    EXPECT_EQ(victim.take(kLong), CAMTAP_OK);
    publisher.send(need(kHostileBytes));
    publisher.expect<wire::Segment>();
    publisher.publish(publisher.next_sequence, publisher.slot_of(publisher.next_sequence));
    EXPECT_NE(victim.take(0), CAMTAP_OK) << "the generation was over";
    while (daemon.info("test").publisher_pid != 0 && !HasFailure()) paced(1);
    expect_ended("handshake_timeout");
    expect_recovery(victim);
}

// ---- what is left of it

// Segments that were given, mapped or not, count for max_memory as long as they are there, and no longer.
TEST_F(Requests, MemoryOfPublishersThatCameAndWentIsAccountedForAndReturned) {
    constexpr uint64_t kMuch = 2 << 20;  // 26 slots of it are most of what the stream may have
    leave_a_generation();
    const Footprint before = Footprint::of(daemon.pid());
    for (int i = 0; i < 60 && !HasFailure(); ++i) {
        RawClient publisher(path());
        const uint32_t generation = begin(publisher, kMuch).generation;
        if (i % 3 == 1) {
            publisher.send(need(kMuch));
            publisher.expect<wire::Segment>();
        }
        if (i % 3 == 2) {
            say_mapped(publisher, generation);
            auto ask = wire::make<wire::Ask>();
            ask.generation = generation;
            publisher.send(ask);
            publisher.expect<wire::Seat>();
        }
        publisher.hang_up();
        ASSERT_TRUE(wait_until_vacant(daemon));
    }
    expect_footprint(before);
    RawPublisher honest(path(), 2, kMuch);
    honest.ask();
    honest.expect<wire::Seat>();
}

TEST_F(Requests, AChildThatKeepsADeadPublishersSocketKeepsNothing) {
    Victim victim(path(), Victim::Way::next);
    HostileProgram program([this](Forked::Child& child) {
        HostilePublisher publisher(path());
        publisher.publish_honestly();
        if (fork() == 0) {
            child.say();
            child.wait();
            // It goes on with the socket and the memory that it inherited, until the test is over.
            pollfd test_over{child.from_parent, POLLIN, 0};
            while (poll(&test_over, 1, 1) == 0) {
                publisher.publish(publisher.next_sequence, publisher.slot_of(publisher.next_sequence));
                ++publisher.next_sequence;
                publisher.ask();
            }
            _exit(0);
        }
        return 0;
    });
    program.wait_until_at_it();
    EXPECT_EQ(program.join(), 0);
    expect_ended("hung up");
    program.say();
    expect_recovery(victim);
}

// Each may hold a descriptor, and all clients together may leave only so many of them unread.
TEST_F(Requests, AsksAndNeverReadsHasFewAnswersOnTheirWay) {
    leave_a_generation();
    play([this](Forked::Child&) {
        HostilePublisher publisher(path());
        auto ask = wire::make<wire::Ask>();
        ask.generation = publisher.segment.generation;
        while (publisher.send(ask) != Sent::hang_up) {
        }
        int answers = 0;
        char bytes[wire::kMaxMessage];
        for (ssize_t n = 1; n != 0;) {
            n = recv(publisher.fd(), bytes, sizeof bytes, 0);
            EXPECT_TRUE(n >= 0 || errno == ECONNRESET);  // said once, before what was sent
            answers += n > 0;
        }
        EXPECT_GT(answers, 4);
        EXPECT_LT(answers, 40);
        return 0;
    });
    expect_ended("it doesn't read its replies");
}

TEST_F(Requests, AFloodOfPokesAsksAndReportsKeepsNobodyWaiting) {
    Victim victim(path(), Victim::Way::next);
    leave_a_generation();
    const Footprint before = Footprint::of(daemon.pid());
    free_run("alone");
    {
        HostileProgram program([this](Forked::Child& child) -> int {
            Random random(1);
            child.say();
            for (;;) {
                if (!wait_until_vacant(daemon)) return 1;
                HostilePublisher publisher(path());
                auto report = wire::make<wire::Report>();
                for (Sent sent = Sent::yes; sent != Sent::hang_up;) {
                    report.activity = static_cast<wire::Activity>(1 + random.below(5));
                    report.message.set(std::string(random.below(255), 'x'));
                    const uint64_t what = random.below(64);
                    if (what == 0) publisher.ask();  // whose answers it never reads
                    sent = what < 32 ? publisher.send(wire::make<wire::Poke>()) : publisher.send(report);
                    if (sent == Sent::full) sched_yield();
                }
            }
        });
        program.wait_until_at_it();
        paced(300);
        free_run("beside_hostile");
        for (int i = 0; i < 100; ++i) (void)victim.take(0);
        EXPECT_TRUE(program.runs());
    }
    expect_recovery(victim);
    expect_footprint(before);
}

}  // namespace
}  // namespace camtap::test
