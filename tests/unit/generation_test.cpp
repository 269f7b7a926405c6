// Promise: the daemon knows how far a publisher has come, and no publisher gets away with a lie about it.
#include "daemon/generation.h"

#include <gtest/gtest.h>

namespace camtap {
namespace {

struct GenerationTest : testing::Test {
    static constexpr uint64_t kFirst = 100;
    static constexpr uint64_t kThrough = 110;
    static constexpr uint64_t kSeating = 5;
    std::unique_ptr<Generation> generation = create();
    layout::SegmentView view{reinterpret_cast<std::byte*>(&generation->header()), generation->geometry()};

    static std::unique_ptr<Generation> create() {
        GenerationPlan plan;
        plan.number = 7;
        plan.first = kFirst;
        plan.through = kThrough;
        plan.depth = 2;
        plan.frame_bytes = 64;
        auto made = Generation::create(plan, {}, 0, kSeating);
        EXPECT_TRUE(made.ok());
        return std::move(*made);
    }
    void publish(uint64_t n, uint32_t slot) {
        view.index(n) = slot;
        view.header().head = n;
    }
    void expect_refused() {
        const uint64_t before = generation->accepted();
        EXPECT_EQ(generation->accept().error().code, Code::protocol);
        EXPECT_EQ(generation->accepted(), before);
    }
};

TEST_F(GenerationTest, BeginsWithoutAFrame) {
    EXPECT_TRUE(generation->accept().ok());
    EXPECT_EQ(generation->accepted(), kFirst - 1);
    EXPECT_EQ(generation->newest().bytes, 0u);
    EXPECT_EQ(view.header().seating.load(), kSeating);
}

TEST_F(GenerationTest, SkipsToTheNewestFrame) {
    view.slot(3).record.bytes = 42;
    publish(kThrough, 3);
    EXPECT_TRUE(generation->accept().ok());
    EXPECT_EQ(generation->accepted(), kThrough);
    EXPECT_EQ(generation->newest().bytes, 42u);
}

TEST_F(GenerationTest, RefusesANumberThatWasNotGivenUntilItIs) {
    publish(kThrough + 1, 0);
    expect_refused();
    generation->extend_numbers(kThrough + 1);
    EXPECT_TRUE(generation->accept().ok());
}

TEST_F(GenerationTest, RefusesAHeadThatGoesBack) {
    publish(kFirst + 1, 0);
    ASSERT_TRUE(generation->accept().ok());
    for (const uint64_t head : {kFirst, kFirst - 1, uint64_t{0}, uint64_t{1} << 63, ~uint64_t{0}}) {
        view.header().head = head;
        expect_refused();
    }
}

TEST_F(GenerationTest, RefusesASlotOutOfRange) {
    for (const uint32_t slot : {generation->geometry().slot_count, uint32_t{1} << 31, ~uint32_t{0}}) {
        publish(kFirst, slot);
        expect_refused();
    }
}

TEST_F(GenerationTest, ASlotSpoiltAfterwardsIsNoFrame) {
    publish(kFirst, 0);
    ASSERT_TRUE(generation->accept().ok());
    view.index(kFirst) = ~uint32_t{0};
    EXPECT_EQ(generation->newest().bytes, 0u);
}

}  // namespace
}  // namespace camtap
