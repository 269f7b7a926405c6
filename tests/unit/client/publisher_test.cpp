// A publisher's promises, with a daemon that the test plays.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

static std::function<void()> on_yield;

// In place of the C library's, for the whole program.
extern "C" int sched_yield() noexcept {
    if (on_yield) on_yield();
    return static_cast<int>(syscall(SYS_sched_yield));
}

namespace camtap::test {
namespace {

camtap_error open_publisher(const std::string& socket, PublisherHandle& publisher, uint32_t stock = 0,
                            int64_t timeout_ns = kLong) {
    camtap_publisher_options options = CAMTAP_INIT(camtap_publisher_options);
    options.socket_path = socket.c_str();
    options.stock = stock;
    options.attach_timeout_ns = timeout_ns;
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

TEST_F(PublisherTest, AsksAtMostOncePerHalfAStock) {
    open(32);
    for (int i = 0; i < 1600; ++i) {
        ASSERT_EQ(acquire(4), CAMTAP_OK);
        ASSERT_EQ(publish(), CAMTAP_OK);
    }
    EXPECT_GE(daemon.count(wire::Type::ask), 1600u / 32 - 1);
    EXPECT_LE(daemon.count(wire::Type::ask), 1600u / 16 + 1);
    EXPECT_EQ(daemon.count(wire::Type::poke), 0u);
}

class Yields {
  public:
    explicit Yields(std::function<void()> at_each = [] {}) {
        on_yield = [this, at_each] {
            ++count_;
            at_each();
        };
    }
    ~Yields() { on_yield = nullptr; }
    uint64_t count() const { return count_; }

  private:
    uint64_t count_ = 0;
};

constexpr int64_t kUnhurried = 2 * kNsPerMs;

TEST_F(PublisherTest, WithTimeToSpareItGivesWayBeforeItAsks) {
    open(1);  // so it asks after each frame
    uint64_t asked = 0;
    const Yields yields([&] {  // in which time a question that was sent before would have come
        for (const int64_t start = monotonic_ns(); monotonic_ns() - start < 20 * kNsPerMs;) {
            ASSERT_EQ(daemon.count(wire::Type::ask), asked) << "readers come first";
        }
    });
    for (uint64_t n = 1; n <= 3; ++n) {
        ASSERT_EQ(acquire(4), CAMTAP_OK);
        for (const int64_t start = monotonic_ns(); monotonic_ns() - start < kUnhurried;) {
        }
        ASSERT_EQ(publish(), CAMTAP_OK);
        EXPECT_EQ(yields.count(), n);
        daemon.wait_for(wire::Type::ask, ++asked);
    }
}

TEST_F(PublisherTest, InAHurryItKeepsTheProcessor) {
    open(1);
    const auto publish_one = [&] {
        ASSERT_EQ(acquire(4), CAMTAP_OK);
        ASSERT_EQ(publish(), CAMTAP_OK);
    };
    for (int tries = 0; tries < 1000; ++tries) {
        const int64_t start = monotonic_ns();
        ASSERT_NO_FATAL_FAILURE(publish_one());
        const Yields yields;
        ASSERT_NO_FATAL_FAILURE(publish_one());
        if (monotonic_ns() - start >= kUnhurried) continue;  // it had no reason to hurry
        EXPECT_EQ(yields.count(), 0u);
        return;
    }
    FAIL() << "this machine never got two frames published within 2 ms";
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

TEST_F(PublisherTest, AttachesAgainAndSlotsOfTheOldConnectionAreGone) {
    open();
    ASSERT_EQ(camtap_publisher_report(publisher.get(), CAMTAP_READING, nullptr), CAMTAP_OK);
    daemon.wait_for(wire::Type::report, 1);
    ASSERT_EQ(acquire(4), CAMTAP_OK);
    const camtap_slot held = slot;
    daemon.stop();
    EXPECT_EQ(acquire(4, 0), CAMTAP_ERROR_NO_DAEMON);
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
