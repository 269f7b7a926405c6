// Promise: when a daemon has counted 2^32 generations it goes on, with numbers by which no tap of the stream
// knows another segment.
#include <gtest/gtest.h>

#include <algorithm>

#include "client/slot_pool.h"
#include "daemon/stream.h"
#include "tests/system/daemon_process.h"
#include "tests/unit/segment_in_memory.h"

namespace camtap::test {
namespace {

constexpr uint32_t kHighest = UINT32_MAX;

struct Generations : testing::Test {
    TemporaryDirectory directory;
    EventLoop loop = std::move(*EventLoop::create());
    DaemonContext context{.loop = loop,
                          .config = {},
                          .sequences = *SequenceStore::open(directory.file("sequences")),
                          .instance = 1,
                          .source_program = ""};
    std::unique_ptr<Stream> stream = make_stream("test");
    Session publisher;

    std::unique_ptr<Stream> make_stream(const std::string& name) {
        StreamConfig config;
        config.name = name;
        config.source = "publisher";
        return std::make_unique<Stream>(context, config,
                                        Stream::Hooks{.source_started = [](Stream&, UniqueFd) {},
                                                      .hear_out = [](Session&) {},
                                                      .end_session = [](Session&) {},
                                                      .source_reaped = [] {},
                                                      .state_changed = [] {}});
    }
    void SetUp() override {
        publisher.stock = 2;
        stream->set_publisher(publisher);
    }
    // The number of the next generation, which is open then.
    uint32_t next_generation() {
        const Result<const Generation*> made = stream->make_generation(64);
        EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
        if (!made.ok()) return 0;
        const uint32_t number = (*made)->plan().number;
        EXPECT_TRUE(stream->open_generation(number).ok());
        return number;
    }
};

TEST_F(Generations, BeginAgainWithOneAndNeverHaveTheNumberThatMeansNone) {
    context.last_generation = kHighest - 2;
    EXPECT_EQ(next_generation(), kHighest - 1);
    EXPECT_EQ(next_generation(), kHighest);
    EXPECT_EQ(next_generation(), 1u);
    EXPECT_EQ(next_generation(), 2u);
}

TEST_F(Generations, NeverHaveANumberByWhichTheStreamsTapsKnowAnotherOne) {
    context.last_generation = 4;
    EXPECT_EQ(next_generation(), 5u);
    EXPECT_EQ(next_generation(), 6u);
    context.last_generation = 3;  // another stream's publisher has used up all the others meanwhile
    EXPECT_EQ(next_generation(), 4u);
    EXPECT_EQ(next_generation(), 7u) << "5 is closed, and 6 as well: taps may still read them";
}

TEST_F(Generations, ATapThatAsksWithTheOldNumberIsGivenTheNewSegment) {
    context.last_generation = kHighest - 1;
    const uint32_t old_number = next_generation();
    ASSERT_EQ(old_number, kHighest);
    const uint32_t new_number = next_generation();
    Session tap;
    wire::Synced answer{};
    EXPECT_GE(stream->sync(tap, old_number, answer), 0) << "no descriptor";
    EXPECT_EQ(answer.generation, new_number);
    EXPECT_NE(answer.previous_last, wire::kStillOpen);
    EXPECT_EQ(stream->sync(tap, new_number, answer), -1);
}

TEST_F(Generations, PinsOfTheHighestNumberAreHonoured) {
    for (const uint32_t number : {uint32_t{1} << 31, kHighest}) {
        SegmentInMemory segment(6, 4, 100);
        client::SlotPool pool(segment.view, number, 100, 2);
        layout::Word64 pins[2] = {};
        const client::PinWords words[] = {client::PinWords(pins, 2)};
        const uint32_t pinned = pool.take(0);
        pool.publish(pinned);
        pins[0] = layout::pin_value(number, pinned);
        for (int i = 0; i < 30; ++i) {
            pool.retire_old_frames();
            pool.free_unpinned(words);
            const uint32_t slot = pool.take(pool.free().size() - 1);
            ASSERT_NE(slot, pinned);
            pool.publish(slot);
        }
    }
}

}  // namespace
}  // namespace camtap::test
