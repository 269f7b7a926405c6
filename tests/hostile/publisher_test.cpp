// Promise: a publisher that lies hurts its own stream at worst: its readers get errors, never a crash; the
// daemon ends it in words; and the next honest publisher finds everything in order.
#include <sys/mman.h>

#include "liars.h"

namespace camtap::test {
namespace {

// ---- heads

TEST_F(Liars, HeadsThatJumpGoBackOrStandNearTheEndOfTheNumbers) {
    const uint64_t top = uint64_t{1} << 63;
    const std::function<uint64_t(uint64_t)> heads[] = {
        [](uint64_t n) { return n + 2; },  // one more than it has slots
        [](uint64_t n) { return n + 100; },    [](uint64_t n) { return n - 2; },
        [](uint64_t) { return uint64_t{0}; },  [](uint64_t) { return uint64_t{1}; },
        [=](uint64_t) { return top - 1; },     [=](uint64_t) { return top; },
        [=](uint64_t) { return top + 1; },     [](uint64_t) { return ~uint64_t{0} - 1; },
        [](uint64_t) { return ~uint64_t{0}; },
    };
    for (const auto& head : heads) {
        expect_ended_and_recovered(
            [&](HostilePublisher& publisher) {
                publisher.view.header().head = head(publisher.next_sequence);
            },
            "its head names frames in more slots than it was granted");
        if (HasFailure()) break;
    }
}

// The tap believes its eyes, and reads a frame there; the next generation begins below it.
TEST_F(Liars, FramesWithNumbersNearTheEndOfTheNumbers) {
    for (const uint64_t n : {(uint64_t{1} << 63) - 1, uint64_t{1} << 63, ~uint64_t{0} - 1, ~uint64_t{0}}) {
        expect_ended_and_recovered(
            [n](HostilePublisher& publisher) {
                const uint32_t s = publisher.granted.slots[0];
                publisher.view.slot(s).record = HostilePublisher::record();
                publisher.publish(n, s);
            },
            "its head names frames in more slots than it was granted");
        if (HasFailure()) break;
    }
}

TEST_F(Liars, ANumberOtherThanTheFramesInTheSlotsWord) {
    expect_ended_and_recovered(
        [](HostilePublisher& publisher) {
            publisher.publish(publisher.next_sequence, publisher.granted.slots[0]);
            publisher.view.slot(publisher.granted.slots[0]).sequence = publisher.next_sequence + 1;
        },
        "the sequence word");
}

// ---- slots

TEST_F(Liars, SlotsThatItDoesntOwn) {
    const std::function<uint32_t(const HostilePublisher&)> slots[] = {
        [](const auto& p) { return p.published_slot; }, [](const auto& p) { return p.slots() - 1; },  // free
        [](const auto& p) { return p.slots(); },        [](const auto&) { return uint32_t{1} << 31; },
        [](const auto&) { return ~uint32_t{0}; },
    };
    for (const auto& slot : slots) {
        expect_ended_and_recovered(
            [&](HostilePublisher& p) {
                const uint64_t n = p.next_sequence;
                p.view.index(n) = slot(p);
                if (slot(p) < p.slots()) p.view.slot(slot(p)).sequence = n;
                p.view.header().head = n;
            },
            "it published a slot that it wasn't granted");
        if (HasFailure()) break;
    }
}

// ---- seals and mapping

TEST_F(Liars, SealsTheSegmentBeforeTheDaemonDoes) {
    RawClient publisher(path());
    publisher.send(RawClient::hello(wire::Role::publisher, "test", 2));
    publisher.expect<wire::Welcome>();
    auto need = wire::make<wire::Need>();
    need.frame_bytes = 100;
    publisher.send(need);
    const auto segment = publisher.expect<wire::Segment>();
    const UniqueFd memfd = publisher.take_fd();
    EXPECT_EQ(fcntl(memfd.get(), F_ADD_SEALS, F_SEAL_SEAL), 0);
    auto mapped = wire::make<wire::Mapped>();
    mapped.generation = segment.generation;
    publisher.send(mapped);
    expect_ended("sealing");
    Victim victim(path(), Victim::Way::next);
    expect_recovery(victim);
}

TEST_F(Liars, PunchesTheSegmentBeforeItSaysThatItIsMapped) {
    HostilePublisher(path()).publish_honestly();  // or a head of 0 were the truth
    ASSERT_TRUE(wait_until_vacant(daemon));
    RawClient publisher(path());
    publisher.send(RawClient::hello(wire::Role::publisher, "test", 2));
    publisher.expect<wire::Welcome>();
    auto need = wire::make<wire::Need>();
    need.frame_bytes = 100;
    publisher.send(need);
    const auto segment = publisher.expect<wire::Segment>();
    const UniqueFd memfd = publisher.take_fd();
    const auto bytes = static_cast<off_t>(wire::geometry(segment.geometry).segment_bytes());
    EXPECT_EQ(fallocate(memfd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, bytes), 0);
    EXPECT_NE(ftruncate(memfd.get(), 0), 0) << "its size is sealed from the first";
    auto mapped = wire::make<wire::Mapped>();
    mapped.generation = segment.generation;
    publisher.send(mapped);
    expect_ended("head");
    Victim victim(path(), Victim::Way::next);
    expect_recovery(victim);
}

TEST_F(Liars, CantPunchTruncateOrMapAgainWhatTapsRead) {
    HostilePublisher publisher(path());
    const int fd = publisher.memfd.get();
    const size_t bytes = publisher.memory.bytes();
    EXPECT_EQ(madvise(publisher.memory.data(), bytes, MADV_REMOVE), -1);
    EXPECT_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, layout::kPage), -1);
    EXPECT_EQ(ftruncate(fd, 0), -1);
    EXPECT_EQ(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    EXPECT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
}

}  // namespace
}  // namespace camtap::test
