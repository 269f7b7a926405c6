// A publisher's promises, with a daemon that the test plays.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <future>
#include <thread>

#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

namespace camtap::test {
namespace {

camtap_error open_publisher(const std::string& socket, PublisherHandle& publisher, uint32_t stock = 0,
                            int64_t timeout_ns = kLong, int connection = -1) {
    camtap_publisher_options options = CAMTAP_INIT(camtap_publisher_options);
    options.socket_path = socket.c_str();
    options.stock = stock;
    options.attach_timeout_ns = timeout_ns;
    options.connection = connection;
    camtap_publisher* opened = nullptr;
    const camtap_error error = camtap_publisher_open("front", &options, &opened);
    publisher.reset(opened);
    return error;
}

camtap_publish_info gray(uint32_t width, uint32_t height) {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.source_sequence = UINT64_MAX;
    info.image = CAMTAP_INIT(camtap_image);
    info.image.width = width;
    info.image.height = height;
    info.image.channels = 1;
    info.image.stride = width;
    info.image.fourcc = CAMTAP_FOURCC_GRAY8;
    return info;
}

class PublisherTest : public testing::Test {
  protected:
    void open(uint32_t stock = 0) {
        ASSERT_EQ(open_publisher(daemon.socket_path(), publisher, stock), CAMTAP_OK);
    }
    camtap_error acquire(uint64_t bytes, int64_t timeout_ns = kLong) {
        slot = CAMTAP_INIT(camtap_slot);
        return camtap_publisher_acquire(publisher.get(), bytes, timeout_ns, &slot);
    }
    camtap_error publish(uint32_t width = 2, uint32_t height = 2) {
        const camtap_publish_info info = gray(width, height);
        return camtap_publisher_publish(publisher.get(), &slot, &info, &sequence);
    }
    layout::FrameRecord newest() {
        const layout::SegmentView view = daemon.publisher_view();
        return view.slot(view.index(view.header().head).load()).record;
    }
    FakeDaemon daemon;
    PublisherHandle publisher;
    camtap_slot slot{};
    uint64_t sequence = 0;
};

TEST_F(PublisherTest, FramesAreNumberedInOrderAndCarryTheirRecord) {
    open();
    for (uint64_t n = 1000; n < 1100; ++n) {
        ASSERT_EQ(acquire(4), CAMTAP_OK);
        std::memset(slot.data, static_cast<int>(n % 256), 4);
        ASSERT_EQ(publish(), CAMTAP_OK);
        ASSERT_EQ(sequence, n);
        const layout::FrameRecord record = newest();
        EXPECT_EQ(record.bytes, 4u) << "0 means: as computed";
        EXPECT_GT(record.publish_ns, 0);
        EXPECT_EQ(record.capture_ns, record.publish_ns) << "0 means: now";
        EXPECT_EQ(record.counters.captured, n - 999);
    }
}

TEST_F(PublisherTest, TheFirstSegmentFitsExactlyLaterOnesGrowGenerously) {
    open();
    ASSERT_EQ(acquire(10000), CAMTAP_OK);
    ASSERT_EQ(publish(), CAMTAP_OK);
    ASSERT_EQ(acquire(20000), CAMTAP_OK);
    EXPECT_GE(slot.capacity, 20000u);
    ASSERT_EQ(publish(), CAMTAP_OK);
    ASSERT_EQ(acquire(30000), CAMTAP_OK) << "fits the 1.5-fold";
    ASSERT_EQ(publish(), CAMTAP_OK);
    ASSERT_EQ(acquire(1 << 20), CAMTAP_OK);
    EXPECT_EQ(daemon.needs(), (std::vector<uint64_t>{10000, 30000, 1 << 20}));  // clipped to max_frame_bytes
    EXPECT_EQ(acquire((1 << 20) + 1), CAMTAP_ERROR_TOO_BIG);
}

TEST_F(PublisherTest, GrowingNeedsAllSlotsBack) {
    open();
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    const camtap_slot held = slot;
    EXPECT_EQ(acquire(10000), CAMTAP_ERROR_BUSY);
    camtap_publisher_discard(publisher.get(), &held);
    EXPECT_EQ(acquire(10000), CAMTAP_OK);
}

TEST_F(PublisherTest, AStockThatIsHeldIsNoSlotAtOnce) {
    open(3);
    camtap_slot first{};
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(acquire(4), CAMTAP_OK);
        if (i == 0) first = slot;
    }
    EXPECT_EQ(acquire(4, -1), CAMTAP_ERROR_NO_SLOT);
    camtap_publisher_discard(publisher.get(), &first);
    ASSERT_EQ(acquire(4, 0), CAMTAP_OK) << "a discarded slot stays with the publisher";
    EXPECT_EQ(slot.index, first.index);
}

TEST_F(PublisherTest, AsksNothingAsLongAsNobodyComesOrGoes) {
    open();
    for (int i = 0; i < 1600; ++i) {
        ASSERT_EQ(acquire(4), CAMTAP_OK);
        ASSERT_EQ(publish(), CAMTAP_OK);
    }
    EXPECT_EQ(daemon.count(wire::Type::ask), 1u) << "when it had mapped its segment";
    EXPECT_EQ(daemon.count(wire::Type::poke), 0u);
}

TEST_F(PublisherTest, AsksForMoreNumbersBeforeTheyRunOut) {
    daemon.numbers_ahead = 3000;
    open();
    for (uint64_t n = 1000; n < 11'000; ++n) {
        ASSERT_EQ(acquire(4), CAMTAP_OK);
        ASSERT_EQ(publish(), CAMTAP_OK);
        ASSERT_EQ(sequence, n);
    }
    EXPECT_GE(daemon.count(wire::Type::ask), 10'000u / 3000);
    EXPECT_LE(daemon.count(wire::Type::ask), 20u);
}

TEST_F(PublisherTest, WithoutANumberThereIsNoSlot) {
    daemon.numbers_ahead = 3;
    open(32);
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    daemon.answer_seats([](wire::Seat&) { return false; });
    for (int i = 0; i < 2; ++i) ASSERT_EQ(acquire(4), CAMTAP_OK) << "held slots need a number each";
    EXPECT_EQ(acquire(4, 0), CAMTAP_ERROR_NO_SLOT);
}

// A tap's seat: what the daemon knows of it, and the page that the tap writes.
struct PinnedPage {
    UniqueFd fd = std::move(*create_memfd("pins", layout::kPage));
    Mapping memory = std::move(*Mapping::map(fd.get(), layout::kPage, Mapping::Access::read_write));
    layout::Word64& word() const { return reinterpret_cast<layout::PinPage*>(memory.data())->pins[0]; }
};

class Recycling : public PublisherTest {
  protected:
    static constexpr uint32_t kStock = 8;
    // It may hold all that are free.
    Recycling() { daemon.slot_count = FakeSegment::kDepth + kStock; }
    uint32_t publish_one() {
        EXPECT_EQ(acquire(4), CAMTAP_OK);
        EXPECT_EQ(publish(), CAMTAP_OK);
        return slot.index;
    }
    // Whether it is filled again, or may be. For a while, because a publisher that has other slots goes on with them
    // until an answer comes.
    bool is_free(uint32_t wanted) {
        for (int i = 0; i < 200; ++i) {
            for (uint32_t k = 0; k <= FakeSegment::kDepth; ++k) {
                if (publish_one() == wanted) return true;
            }
            if (may_be_filled(wanted)) return true;
        }
        return false;
    }
    bool may_be_filled(uint32_t wanted) {
        std::vector<camtap_slot> all;
        while (all.size() < kStock && acquire(4, 0) == CAMTAP_OK) all.push_back(slot);
        for (const camtap_slot& one : all) camtap_publisher_discard(publisher.get(), &one);
        return std::any_of(all.begin(), all.end(), [wanted](const auto& one) { return one.index == wanted; });
    }
    void pin(const PinnedPage& page, uint32_t pinned) {
        page.word() = layout::pin_value(daemon.publisher_segment().generation, pinned);
    }
};

TEST_F(Recycling, ASlotIsFilledAgainWhenItsFrameIsOldAndNobodyHoldsIt) {
    open(kStock);
    EXPECT_TRUE(is_free(publish_one()));
}

TEST_F(Recycling, NotWhileATapHoldsIt) {
    const PinnedPage tap;
    daemon.change_seat(0, &tap.fd);
    open(kStock);
    const uint32_t held = publish_one();
    pin(tap, held);
    EXPECT_FALSE(is_free(held));
    EXPECT_EQ(daemon.count(wire::Type::ask), 1u) << "once it knows a tap";
    tap.word() = 0;
    EXPECT_TRUE(is_free(held));
}

TEST_F(Recycling, TapsThatComeLaterAreLookedAt) {
    open(kStock);
    const uint32_t held = publish_one();
    const PinnedPage taps[3];
    for (uint32_t i = 0; i < 3; ++i) daemon.change_seat(i, &taps[i].fd);
    pin(taps[1], held);
    EXPECT_FALSE(is_free(held));
    EXPECT_EQ(daemon.count(wire::Type::ask), 1u + 3) << "once for each";
}

TEST_F(Recycling, TapsThatHaveLeftAreNot) {
    open(kStock);
    const PinnedPage tap;
    const PinnedPage next_in_its_seat;
    const uint32_t held = publish_one();
    pin(tap, held);
    daemon.change_seat(5, &tap.fd);
    EXPECT_FALSE(is_free(held));
    daemon.change_seat(5, nullptr);
    EXPECT_TRUE(is_free(held));
    daemon.change_seat(5, &next_in_its_seat.fd);
    EXPECT_TRUE(is_free(held));
}

TEST_F(Recycling, TapsAreKnownOverGenerationsAndForgottenWithTheConnection) {
    const PinnedPage tap;
    daemon.change_seat(0, &tap.fd);
    open(kStock);
    EXPECT_TRUE(is_free(publish_one()));
    ASSERT_EQ(acquire(10'000), CAMTAP_OK);
    ASSERT_EQ(publish(), CAMTAP_OK);
    const uint32_t held = slot.index;
    pin(tap, held);
    EXPECT_FALSE(is_free(held));
    EXPECT_EQ(daemon.count(wire::Type::ask), 2u) << "one for each segment";
    daemon.stop();
    daemon.start(2);                                // which numbers its changes anew
    while (daemon.count(wire::Type::hello) == 1) {  // it looks now and then
        if (acquire(4) == CAMTAP_OK) (void)publish();
    }
    EXPECT_TRUE(is_free(publish_one()));
    EXPECT_EQ(daemon.count(wire::Type::hello), 2u);
}

// Hostile taps could come and go faster than it asks.
TEST_F(Recycling, ChangesWhileItAsksDontKeepIt) {
    const PinnedPage tap;
    daemon.change_seat(0, &tap.fd);
    daemon.change_seats_at_each_answer(0, &tap.fd);
    open(kStock);
    for (int i = 0; i < 50; ++i) publish_one();
    EXPECT_GE(daemon.count(wire::Type::ask), 40u);
    EXPECT_LE(daemon.count(wire::Type::ask), 1u + 50) << "one for a frame";
}

TEST_F(Recycling, ADaemonThatDoesntAnswerKeepsNobodyWhoDoesntWaitForIt) {
    open(kStock);
    for (uint32_t i = 0; i <= FakeSegment::kDepth; ++i) publish_one();
    daemon.answer_seats([](wire::Seat&) { return false; });
    const PinnedPage tap;
    daemon.change_seat(0, &tap.fd);
    const uint32_t before = slot.index;
    ASSERT_EQ(acquire(4, 0), CAMTAP_OK) << "one that was never used";
    EXPECT_NE(slot.index, before);
    EXPECT_EQ(publish(), CAMTAP_OK);
}

bool sleeps(pid_t thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return text.substr(text.rfind(')')).substr(2, 1) == "S";
}

// Two taps have come, so that there are two questions. The second finds no room.
TEST_F(Recycling, AQuestionThatCantBeSentIsSentLater) {
    daemon.slot_count = FakeSegment::kDepth + 1;
    Result<UniqueFd> connected = connect_to(daemon.socket_path());
    ASSERT_TRUE(connected.ok());
    const UniqueFd same(dup(connected->get()));
    ASSERT_EQ(open_publisher(daemon.socket_path(), publisher, 1, kLong, connected->release()), CAMTAP_OK);
    for (uint32_t i = 0; i <= FakeSegment::kDepth; ++i) publish_one();
    std::promise<void> full;
    daemon.answer_seats([&](const wire::Seat& seat) {
        if (seat.seating != 1) return true;
        daemon.listen_to_clients(false);
        while (send_message(same.get(), wire::make<wire::Poke>()) == Sent::yes) {
        }
        full.set_value();
        return true;
    });
    const PinnedPage tap;
    for (const uint32_t seat : {0u, 1u}) daemon.change_seat(seat, &tap.fd);
    std::atomic<pid_t> thread{0};
    auto acquired = std::async(std::launch::async, [&] {
        thread = gettid();
        return acquire(4);
    });
    full.get_future().wait();
    EXPECT_EQ(daemon.count(wire::Type::ask), 2u);  // and the answer has been sent
    pollfd answer{same.get(), POLLIN, 0};
    while (poll(&answer, 1, 0) != 0) sched_yield();
    while (!sleeps(thread)) sched_yield();  // it has tried to ask
    daemon.listen_to_clients(true);
    EXPECT_EQ(acquired.get(), CAMTAP_OK);
    EXPECT_EQ(daemon.count(wire::Type::ask), 1u + 2);
}

// As it is when the publisher's process has no descriptor left to take the page with.
TEST_F(Recycling, ATapsPageThatCantBeTakenIsAnErrorAndTheConnectionStays) {
    open(kStock);
    publish_one();
    const UniqueFd none;
    daemon.change_seat(0, &none);
    for (int tries = 0; tries < 2; ++tries) {
        camtap_error error = CAMTAP_OK;
        while ((error = acquire(4)) == CAMTAP_OK) ASSERT_EQ(publish(), CAMTAP_OK);
        EXPECT_EQ(error, CAMTAP_ERROR_LIMIT);
        EXPECT_NE(std::string(camtap_last_error()).find("descriptors"), std::string::npos)
            << camtap_last_error();
    }
    EXPECT_EQ(daemon.count(wire::Type::ask), 1u + 2);
    EXPECT_EQ(daemon.count(wire::Type::hello), 1u);
}

TEST_F(Recycling, SeatsThatMakeNoSenseEndTheConnection) {
    using Spoil = void (*)(wire::Seat&);
    const Spoil spoils[] = {
        [](wire::Seat& seat) { seat.generation += 1; },
        [](wire::Seat& seat) { seat.seat = layout::kMaxSlots; },
        [](wire::Seat& seat) { seat.words = 0; },
        [](wire::Seat& seat) { seat.words = 65; },
        [](wire::Seat& seat) { seat.seating = 0; },
        [](wire::Seat& seat) { seat.seating = 3; },
        [](wire::Seat& seat) { seat.header.bytes -= 8; },
    };
    for (const Spoil& spoil : spoils) {
        FakeDaemon liar;
        const PinnedPage tap;
        liar.change_seat(0, &tap.fd);
        liar.change_seat(1, &tap.fd);
        liar.answer_seats([&](wire::Seat& seat) {
            spoil(seat);
            return true;
        });
        ASSERT_EQ(open_publisher(liar.socket_path(), publisher, 0), CAMTAP_OK);
        for (int i = 0; i < 20 && liar.count(wire::Type::hello) == 1; ++i) {
            if (acquire(4, kNsPerSecond / 100) == CAMTAP_OK) (void)publish();
        }
        EXPECT_GT(liar.count(wire::Type::hello), 1u) << "spoil " << &spoil - spoils;
    }
}

TEST_F(PublisherTest, PokesTheDaemonForEachFrameWhileSomebodyIsArmed) {
    open();
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    ASSERT_EQ(publish(), CAMTAP_OK);
    daemon.publisher_view().header().armed.store(1);
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    ASSERT_EQ(publish(), CAMTAP_OK);
    daemon.wait_for(wire::Type::poke, 1);
    daemon.publisher_view().header().armed.store(0);
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    ASSERT_EQ(publish(), CAMTAP_OK);
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    EXPECT_EQ(daemon.count(wire::Type::poke), 1u);
}

TEST_F(PublisherTest, CountersGoOnOverGenerations) {
    open();
    camtap_publisher_count(publisher.get(), CAMTAP_COUNT_NO_SLOT, 2);  // before there is any segment
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    camtap_publisher_count(publisher.get(), CAMTAP_COUNT_DECODE_ERROR, 3);
    camtap_publisher_count(publisher.get(), CAMTAP_COUNT_SOURCE_GAP, 5);
    camtap_publisher_count(publisher.get(), CAMTAP_COUNT_COPY, 7);
    ASSERT_EQ(publish(), CAMTAP_OK);
    EXPECT_EQ(daemon.publisher_view().header().copies.load(), 7u);
    ASSERT_EQ(acquire(10000), CAMTAP_OK);
    ASSERT_EQ(publish(), CAMTAP_OK);
    const layout::Counters counters = newest().counters;
    EXPECT_EQ(counters.captured, 2u + 3 + 2);
    EXPECT_EQ(counters.decode_error, 3u);
    EXPECT_EQ(counters.no_slot, 2u);
    EXPECT_EQ(counters.source_gap, 5u);
    EXPECT_EQ(daemon.publisher_view().header().captured.load(), 7u);
}

TEST_F(PublisherTest, ImagesThatDontFitArentPublishedAndTheSlotStays) {
    open();
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    EXPECT_EQ(publish(100, 100), CAMTAP_ERROR_INVALID);
    EXPECT_EQ(publish(0, 1), CAMTAP_ERROR_INVALID);
    EXPECT_EQ(publish(2, 2), CAMTAP_OK);
    EXPECT_EQ(publish(2, 2), CAMTAP_ERROR_INVALID) << "not held any more";
    slot.index = 4000;
    EXPECT_EQ(publish(2, 2), CAMTAP_ERROR_INVALID);
    EXPECT_EQ(acquire(0), CAMTAP_ERROR_INVALID);
}

TEST_F(PublisherTest, ARefusedNeedIsTheCallersErrorAndNothingElse) {
    open();
    daemon.refuse_needs(CAMTAP_ERROR_LIMIT, "max_memory is 1 MiB");
    EXPECT_EQ(acquire(4), CAMTAP_ERROR_LIMIT);
    EXPECT_STREQ(camtap_last_error(), "max_memory is 1 MiB");
    daemon.take_all();
    EXPECT_EQ(acquire(4), CAMTAP_OK);
}

TEST_F(PublisherTest, ARefusedNeedForLargerSlotsLeavesThoseThatAreThere) {
    open();
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    ASSERT_EQ(publish(), CAMTAP_OK);
    const uint32_t generation = slot.generation;
    for (const int code : {CAMTAP_ERROR_NO_MEMORY, CAMTAP_ERROR_LIMIT}) {
        daemon.refuse_needs(code, "no");
        EXPECT_EQ(acquire(10'000), code);
        EXPECT_EQ(acquire(4), CAMTAP_OK);
        EXPECT_EQ(slot.generation, generation);
        EXPECT_EQ(publish(), CAMTAP_OK);
    }
}

TEST_F(PublisherTest, AttachesAgainAndSlotsOfTheOldConnectionAreGone) {
    open();
    ASSERT_EQ(camtap_publisher_report(publisher.get(), CAMTAP_READING, nullptr), CAMTAP_OK);
    daemon.wait_for(wire::Type::report, 1);
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    const camtap_slot held = slot;
    daemon.stop();
    camtap_error error = CAMTAP_OK;
    while ((error = acquire(4, 0)) == CAMTAP_OK) camtap_publisher_discard(publisher.get(), &slot);
    EXPECT_EQ(error, CAMTAP_ERROR_NO_DAEMON) << "after 0.1 s";
    std::memset(held.data, 1, held.capacity);  // still mapped
    std::thread operator_at_work([&] { daemon.start(2); });
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    operator_at_work.join();
    std::memset(held.data, 1, held.capacity);
    const camtap_publish_info info = gray(2, 2);
    EXPECT_EQ(camtap_publisher_publish(publisher.get(), &held, &info, nullptr), CAMTAP_ERROR_GONE);
    EXPECT_EQ(publish(), CAMTAP_OK);
    daemon.wait_for(wire::Type::report, 2);  // what it is doing is said again
}

TEST_F(PublisherTest, NobodyListensOrSomebodyElsePublishes) {
    daemon.refuse_all(CAMTAP_ERROR_BUSY, "process 7 publishes it");
    EXPECT_EQ(open_publisher(daemon.socket_path(), publisher), CAMTAP_ERROR_BUSY);
    daemon.stop();
    EXPECT_EQ(open_publisher(daemon.socket_path(), publisher, 0, 0), CAMTAP_ERROR_NO_DAEMON);
    EXPECT_EQ(open_publisher(daemon.socket_path(), publisher, 33), CAMTAP_ERROR_INVALID);
}

TEST_F(PublisherTest, MemoryIsBehindASlotBeforeItIsHandedOut) {
    open();
    daemon.max_frame_bytes = 1 << 20;
    ASSERT_EQ(acquire(1 << 20), CAMTAP_OK);
    unsigned char resident[256] = {};
    ASSERT_EQ(mincore(slot.data, 1 << 20, resident), 0);
    for (const unsigned char page : resident) ASSERT_EQ(page & 1, 1);
}

TEST_F(PublisherTest, TheNextSlotGetsItsMemoryAfterAFrameAndNotBeforeTheNextOne) {
    constexpr uint32_t kSide = 512;
    constexpr uint64_t kBytes = uint64_t{kSide} * kSide;
    open(8);
    ASSERT_EQ(acquire(kBytes), CAMTAP_OK);
    const layout::SegmentView view = daemon.publisher_view();
    const auto backed_slots = [&] {
        uint32_t count = 0;
        for (uint32_t s = 0; s < view.geometry.slot_count; ++s) {
            unsigned char resident[kBytes / 4096] = {};
            EXPECT_EQ(mincore(view.payload(s), kBytes, resident), 0);
            count += resident[0] & 1u;
        }
        return count;
    };
    // As many slots and one more will be in use at the same time.
    for (uint32_t published = 1; published <= FakeSegment::kDepth; ++published) {
        ASSERT_EQ(publish(kSide, kSide), CAMTAP_OK);
        EXPECT_EQ(backed_slots(), published + 1) << "those of the frames, and the next one's";
        ASSERT_EQ(acquire(kBytes), CAMTAP_OK);
        EXPECT_EQ(backed_slots(), published + 1);
    }
    for (int i = 0; i < 50; ++i) {
        const uint32_t before = backed_slots();
        ASSERT_EQ(publish(kSide, kSide), CAMTAP_OK);
        EXPECT_EQ(backed_slots(), before) << "memory for a slot that may never be needed";
        ASSERT_EQ(acquire(kBytes), CAMTAP_OK);
    }
}

}  // namespace
}  // namespace camtap::test
