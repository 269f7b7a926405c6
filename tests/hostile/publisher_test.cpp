// Promise: a publisher that lies hurts its own stream at worst: its readers get errors, never a crash; the
// daemon ends it in words; and the next honest publisher finds everything in order.
#include <sys/mman.h>

#include "liars.h"

namespace camtap::test {
namespace {

// ---- heads

constexpr const char* kOtherNumber = "its head names a frame with a number that it wasn't given";

TEST_F(Liars, HeadsThatJumpGoBackOrStandNearTheEndOfTheNumbers) {
    const uint64_t top = uint64_t{1} << 63;
    const std::function<uint64_t(const HostilePublisher&)> heads[] = {
        [](const auto& p) { return p.segment.through + 3; },  // it has asked twice, and published two frames
        [](const auto& p) { return p.segment.through + 100; },
        [](const auto& p) { return p.next_sequence - 2; },
        [](const auto&) { return uint64_t{0}; },
        [](const auto&) { return uint64_t{1}; },
        [=](const auto&) { return top - 1; },
        [=](const auto&) { return top; },
        [=](const auto&) { return top + 1; },
        [](const auto&) { return ~uint64_t{0} - 1; },
        [](const auto&) { return ~uint64_t{0}; },
    };
    for (const auto& head : heads) {
        expect_ended_and_recovered(
            [&](HostilePublisher& publisher) {
                publisher.publish_honestly();
                publisher.view.header().head = head(publisher);
            },
            kOtherNumber);
        if (HasFailure()) break;
    }
}

// The tap believes its eyes, and reads a frame there; the next generation begins below it.
TEST_F(Liars, FramesWithNumbersNearTheEndOfTheNumbers) {
    for (const uint64_t n : {(uint64_t{1} << 63) - 1, uint64_t{1} << 63, ~uint64_t{0} - 1, ~uint64_t{0}}) {
        expect_ended_and_recovered(
            [n](HostilePublisher& publisher) {
                const uint32_t s = publisher.slot_of(n);
                publisher.view.slot(s).record = HostilePublisher::record();
                publisher.publish(n, s);
            },
            kOtherNumber);
        if (HasFailure()) break;
    }
}

// They find that it isn't the frame, and go on; the daemon never looks at the word.
TEST_F(Liars, ANumberOtherThanTheFramesInTheSlotsWordIsNobodysFrame) {
    Victim victim(path(), Victim::Way::next);
    {
        HostilePublisher publisher(path());
        publisher.publish_honestly();
        EXPECT_EQ(victim.take(kLong), CAMTAP_OK);
        const uint32_t slot = publisher.slot_of(publisher.next_sequence);
        publisher.publish(publisher.next_sequence++, slot);
        publisher.view.slot(slot).sequence = publisher.next_sequence;
        publisher.wake();
        for (int i = 0; i < 5; ++i) EXPECT_NE(victim.take(0), CAMTAP_OK);
        publisher.publish_honestly();
        EXPECT_EQ(victim.take(kLong), CAMTAP_OK);
    }
    expect_recovery(victim);
}

// ---- slots

TEST_F(Liars, SlotsThatArentThere) {
    for (const uint32_t beyond : {uint32_t{0}, uint32_t{1} << 31, ~uint32_t{0}}) {
        expect_ended_and_recovered(
            [&](HostilePublisher& p) {
                const uint64_t n = p.next_sequence;
                p.view.index(n) = std::max(beyond, p.slots());
                p.view.header().head = n;
            },
            "it published a slot that isn't there");
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
    publisher.publish_honestly();  // the daemon has answered: it is sealed
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
