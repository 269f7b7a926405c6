// Promises: a slot is always free for the publisher; no pinned slot is filled again; the newest frames stay.
#include "client/slot_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <thread>

#include "segment_in_memory.h"

namespace camtap::client {
namespace {

using test::SegmentInMemory;

constexpr uint32_t kGeneration = 7;

struct Pool : testing::Test {
    static constexpr uint32_t kDepth = 2;
    static constexpr uint32_t kStock = 2;
    static constexpr uint32_t kPins = 4;
    SegmentInMemory segment{kDepth + kStock + kPins, kDepth + kStock, 100};
    SlotPool pool{segment.view, kGeneration, 100, kDepth};
    layout::Word64 pins[kPins] = {};
    PinWords words[1] = {PinWords(pins, kPins)};

    void recycle() {
        pool.retire_old_frames();
        pool.free_unpinned(words);
    }
    uint32_t take() {
        recycle();
        EXPECT_FALSE(pool.free().empty());
        return pool.take(pool.free().size() - 1);
    }
    uint32_t publish_one() {
        const uint32_t slot = take();
        pool.publish(slot);
        return slot;
    }
    void pin(size_t word, uint32_t slot) { pins[word] = layout::pin_value(kGeneration, slot); }
};

TEST_F(Pool, TheSlotFreedLastIsTheFirstChoice) {
    const uint32_t first = publish_one();
    publish_one();
    publish_one();  // the first is beyond the depth now
    EXPECT_EQ(take(), first);
}

TEST_F(Pool, WhatWasTakenInVainIsTheFirstChoice) {
    const uint32_t slot = take();
    EXPECT_TRUE(pool.holds(slot));
    pool.give_back(slot);
    EXPECT_FALSE(pool.holds(slot));
    EXPECT_EQ(take(), slot);
}

TEST_F(Pool, AsManySlotsAreUsedAsFramesAreThereAtOnce) {
    std::set<uint32_t> used;
    for (int i = 0; i < 100; ++i) used.insert(publish_one());
    EXPECT_EQ(used.size(), kDepth + 1);
}

TEST_F(Pool, KeepsThePinnedSlotAndGoesOn) {
    const uint32_t pinned = publish_one();
    pin(0, pinned);
    for (int i = 0; i < 50; ++i) ASSERT_NE(publish_one(), pinned);
    pins[0] = 0;  // from here on it is as good as any: with all others in use, it is filled again
    std::set<uint32_t> seen;
    for (uint32_t i = 0; i < segment.view.geometry.slot_count; ++i) {
        const uint32_t slot = publish_one();
        seen.insert(slot);
        pin(i % kPins, slot);
    }
    EXPECT_EQ(seen.count(pinned), 1u);
}

TEST_F(Pool, APinThatGoesBetweenTheLooksFreesTheSlot) {
    const uint32_t slot = publish_one();
    pin(0, slot);
    publish_one();
    publish_one();
    recycle();
    EXPECT_TRUE(pool.has_retired());
    pins[0] = 0;
    pool.free_unpinned(words);
    EXPECT_FALSE(pool.has_retired());
    EXPECT_EQ(pool.free().back(), slot);
}

TEST_F(Pool, ASlotIsFreeWhateverThePinsSay) {
    std::mt19937 random(1);
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
        const uint32_t first = take();  // as many as the stock allows at once
        const uint32_t second = take();
        ASSERT_FALSE(HasFailure()) << "pass " << i;
        pool.publish(first);
        pool.publish(second);
    }
}

TEST_F(Pool, PinsOfAnotherGenerationDontCount) {
    pins[0] = layout::pin_value(kGeneration + 1, 0);
    pins[1] = layout::pin_value(kGeneration - 1, 1);
    for (int i = 0; i < 20; ++i) EXPECT_LE(publish_one(), kDepth);
}

TEST_F(Pool, TheNewestFramesStayVisible) {
    for (int i = 0; i < 10; ++i) publish_one();
    recycle();
    const uint64_t head = segment.view.header().head;
    EXPECT_EQ(head, 109u);
    for (uint64_t n = head; n > head - kDepth; --n) {
        EXPECT_EQ(segment.view.slot(segment.view.index(n)).sequence.load(), n);
    }
    const uint32_t older = segment.view.index(head - kDepth);
    EXPECT_EQ(segment.view.slot(older).sequence.load(), 0u) << "and no other";
}

// A scan that looks at the pins once for each slot would meet such a pin again and again.
TEST(PoolAndAPinThatMoves, KeepsOneSlotForItAtMost) {
    constexpr uint32_t kManySlots = 32;
    SegmentInMemory segment(1 + kManySlots + 1, 1 + kManySlots, 1);
    SlotPool pool(segment.view, kGeneration, 1, 1);
    layout::Word64 pin{};
    std::atomic<bool> stop{false};
    std::thread tap([&] {
        for (uint32_t s = 0; !stop; s = (s + 1) % segment.view.geometry.slot_count) {
            pin.store(layout::pin_value(kGeneration, s), std::memory_order_relaxed);
        }
    });
    const PinWords words[1] = {PinWords(&pin, 1)};
    for (int round = 0; round < 10'000 && !testing::Test::HasFailure(); ++round) {
        pool.retire_old_frames();
        pool.free_unpinned(words);
        EXPECT_GE(pool.free().size(), kManySlots) << "in round " << round;
        uint32_t slots[kManySlots];
        for (uint32_t& s : slots) s = pool.take(pool.free().size() - 1);
        for (const uint32_t s : slots) pool.publish(s);
    }
    stop = true;
    tap.join();
}

TEST(PoolNearTheEdge, SequenceNumbersWrapAroundTheIndexAtLargeValues) {
    for (const uint64_t first : {(uint64_t{1} << 31) - 3, (uint64_t{1} << 32) - 3, (uint64_t{1} << 63) - 3}) {
        SegmentInMemory segment(5, 3, first);
        SlotPool pool(segment.view, 1, first, 1);
        for (uint64_t i = 0; i < 10; ++i) {
            pool.retire_old_frames();
            pool.free_unpinned({});
            ASSERT_FALSE(pool.free().empty());
            const uint32_t slot = pool.take(0);
            EXPECT_EQ(pool.publish(slot), first + i);
            EXPECT_EQ(segment.view.index(first + i).load(), slot);
        }
        EXPECT_EQ(segment.view.header().head.load(), first + 9);
    }
}

}  // namespace
}  // namespace camtap::client
