// Promises: a granted slot is always to be had; no pinned slot is granted; no publisher gets away with a lie.
#include "daemon/slot_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <thread>

#include "segment_in_memory.h"

namespace camtap {
namespace {

using test::SegmentInMemory;

constexpr uint32_t kGeneration = 7;

struct Pool : testing::Test {
    static constexpr uint32_t kDepth = 2;
    static constexpr uint32_t kStock = 2;
    static constexpr uint32_t kPins = 4;
    SegmentInMemory segment{kDepth + kStock + kPins, kDepth + kStock, 100};
    SlotPool pool{segment.view, kGeneration, 100, kDepth, kStock};
    layout::Word64 pins[kPins] = {};
    PinWords words[1] = {PinWords(pins, kPins)};

    std::vector<uint32_t> grant() {
        EXPECT_TRUE(pool.accept().ok());
        const auto slots = pool.grant(words);
        return {slots.begin(), slots.end()};
    }
    void pin(size_t word, uint32_t slot) { pins[word] = layout::pin_value(kGeneration, slot); }
};

TEST_F(Pool, FillsTheStockUpAndNoFurther) {
    EXPECT_EQ(grant().size(), kStock);
    EXPECT_EQ(grant().size(), 0u);
}

TEST_F(Pool, GrantsTheSlotFreedLast) {
    auto slots = grant();
    const uint32_t a = slots.back();
    segment.publish(a);
    slots = grant();
    segment.publish(slots.back());
    slots = grant();
    segment.publish(slots.back());  // a is beyond the depth now
    slots = grant();
    ASSERT_EQ(slots.size(), 1u);
    EXPECT_EQ(slots[0], a);
}

TEST_F(Pool, MemoryIsTouchedOnlyAsFarAsSlotsAreUsedTogether) {
    std::set<uint32_t> used;
    std::vector<uint32_t> stock = grant();
    for (int i = 0; i < 100; ++i) {
        used.insert(stock.back());
        segment.publish(stock.back());
        stock.pop_back();
        const auto more = grant();
        stock.insert(stock.end(), more.begin(), more.end());
    }
    EXPECT_LE(used.size(), kDepth + kStock);
}

TEST_F(Pool, KeepsThePinnedSlotAndGoesOn) {
    auto stock = grant();
    const uint32_t pinned = stock.back();
    segment.publish(pinned);
    pin(0, pinned);
    for (int i = 0; i < 50; ++i) {
        auto slots = grant();
        ASSERT_FALSE(slots.empty());
        EXPECT_EQ(std::count(slots.begin(), slots.end(), pinned), 0);
        segment.publish(slots.back());
    }
    pins[0] = 0;  // from here on it is as good as any: with all others in use, it is granted
    std::set<uint32_t> seen;
    for (uint32_t i = 0; i < segment.view.geometry.slot_count; ++i) {
        auto slots = grant();
        seen.insert(slots.begin(), slots.end());
        segment.publish(slots.back());
        pin(i % kPins, slots.back());
    }
    EXPECT_EQ(seen.count(pinned), 1u);
}

TEST_F(Pool, ASlotIsFreeWhateverThePinsSay) {
    std::mt19937 random(1);
    std::vector<uint32_t> stock = grant();
    for (int i = 0; i < 20000; ++i) {
        for (auto& word : pins) {
            switch (random() % 4) {
                case 0:
                    word = 0;
                    break;
                case 1:
                    word = layout::pin_value(kGeneration, random() % 8);
                    break;
                case 2:
                    word = layout::pin_value(kGeneration, static_cast<uint32_t>(random()));
                    break;
                default:
                    word = (uint64_t{random()} << 32) | random();
            }
        }
        segment.publish(stock.back());
        stock.pop_back();
        const auto more = grant();
        ASSERT_EQ(more.size(), 1u) << "pass " << i;
        stock.push_back(more[0]);
    }
}

TEST_F(Pool, PinsOfAnotherGenerationDontCount) {
    pins[0] = layout::pin_value(kGeneration + 1, 0);
    pins[1] = layout::pin_value(kGeneration - 1, 1);
    for (int i = 0; i < 20; ++i) {
        auto slots = grant();
        ASSERT_FALSE(slots.empty());
        EXPECT_LT(slots.back(), kDepth + kStock);
        segment.publish(slots.back());
    }
}

TEST_F(Pool, TheNewestFramesStayVisible) {
    std::vector<uint32_t> stock = grant();
    for (int i = 0; i < 10; ++i) {
        segment.publish(stock.back());
        stock.pop_back();
        const auto more = grant();
        stock.insert(stock.end(), more.begin(), more.end());
    }
    const uint64_t head = pool.accepted();
    for (uint64_t n = head; n > head - kDepth; --n) {
        const uint32_t s = segment.view.index(n);
        EXPECT_EQ(segment.view.slot(s).sequence.load(), n);
    }
}

TEST_F(Pool, RefusesAHeadBeyondTheGrants) {
    grant();
    segment.view.header().head = 100 + kStock;
    EXPECT_EQ(pool.accept().error().code, Code::protocol);
}

TEST_F(Pool, RefusesAHeadThatGoesBack) {
    const auto slots = grant();
    segment.publish(slots.back());
    ASSERT_TRUE(pool.accept().ok());
    for (const uint64_t head : {uint64_t{99}, uint64_t{0}, uint64_t{1} << 63, ~uint64_t{0}}) {
        segment.view.header().head = head;
        EXPECT_FALSE(pool.accept().ok()) << head;
    }
    EXPECT_EQ(pool.accepted(), 100u);
}

TEST_F(Pool, RefusesASlotThatWasNotGranted) {
    const auto slots = grant();
    const uint32_t others = slots[0] == 5 || slots[1] == 5 ? 6 : 5;
    segment.publish(others);
    EXPECT_FALSE(pool.accept().ok());
    EXPECT_FALSE(pool.has_frames());
}

TEST_F(Pool, RefusesTheSameSlotTwice) {
    const auto slots = grant();
    segment.publish(slots[0]);
    segment.publish(slots[0]);
    EXPECT_FALSE(pool.accept().ok());
}

TEST_F(Pool, RefusesASlotOutOfRange) {
    grant();
    segment.view.index(100) = 4'000'000'000u;
    segment.view.header().head = 100;
    EXPECT_FALSE(pool.accept().ok());
}

// A scan that looks at the pins once for each slot would meet such a pin again and again.
TEST(PoolAndAPinThatMoves, KeepsOneSlotForItAtMost) {
    constexpr uint32_t kManySlots = 32;
    SegmentInMemory segment(1 + kManySlots + 1, 1 + kManySlots, 1);
    SlotPool pool(segment.view, kGeneration, 1, 1, kManySlots);
    layout::Word64 pin{};
    std::atomic<bool> stop{false};
    std::thread tap([&] {
        for (uint32_t s = 0; !stop; s = (s + 1) % segment.view.geometry.slot_count) {
            pin.store(layout::pin_value(kGeneration, s), std::memory_order_relaxed);
        }
    });
    const PinWords words[1] = {PinWords(&pin, 1)};
    for (int round = 0; round < 10'000 && !testing::Test::HasFailure(); ++round) {
        EXPECT_TRUE(pool.accept().ok());
        const auto slots = pool.grant(words);
        EXPECT_EQ(pool.granted(), kManySlots) << "in round " << round;
        for (const uint32_t s : slots) segment.publish(s);
    }
    stop = true;
    tap.join();
}

TEST(PoolNearTheEdge, SequenceNumbersWrapAroundTheIndexAtLargeValues) {
    for (const uint64_t first : {(uint64_t{1} << 31) - 3, (uint64_t{1} << 32) - 3, (uint64_t{1} << 63) - 3}) {
        SegmentInMemory segment(5, 3, first);
        SlotPool pool(segment.view, 1, first, 1, 2);
        for (int i = 0; i < 10; ++i) {
            ASSERT_TRUE(pool.accept().ok());
            const auto slots = pool.grant({});
            ASSERT_FALSE(slots.empty());
            segment.publish(slots.back());
        }
        ASSERT_TRUE(pool.accept().ok());
        EXPECT_EQ(pool.accepted(), first + 9);
    }
}

}  // namespace
}  // namespace camtap
