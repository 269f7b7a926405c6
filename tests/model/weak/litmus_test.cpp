// Promise: the explorer shows every outcome that C++20 allows and none that it forbids. The classical litmus
// tests, each with its exact set of outcomes.
#include <gtest/gtest.h>

#include "word.h"

namespace camtap::weak {
namespace {

using enum std::memory_order;
using Outcomes = std::set<std::string>;

// A program of a few words; what its threads return is its outcome.
class Litmus : public testing::Test {
  protected:
    template <class Body>
    void thread(Body body) {
        const std::string name = "thread " + std::to_string(++threads_);
        explorer.add_thread(name, body);
    }
    void see(uint64_t value) { explorer.observe(std::to_string(value)); }

    Report explore() {
        const Report each_once = explorer.explore();
        const Report all = explorer.explore_all_interleavings();
        EXPECT_EQ(each_once.failure.empty(), all.failure.empty());
        return each_once;
    }
    Outcomes outcomes() {
        const Report each_once = explorer.explore();
        EXPECT_EQ(each_once.failure, "") << each_once.execution;
        const Report all = explorer.explore_all_interleavings();
        EXPECT_EQ(each_once.executions, all.executions);
        EXPECT_EQ(each_once.outcomes, all.outcomes);
        Outcomes outcomes;
        for (const auto& [outcome, count] : each_once.outcomes) outcomes.insert(outcome);
        return outcomes;
    }

    Explorer explorer;
    Word x{explorer, "x"}, y{explorer, "y"};
    Cell data{explorer, "data"};

  private:
    int threads_ = 0;
};

// ---- store buffering ----

class StoreBuffering : public Litmus, public testing::WithParamInterface<std::array<std::memory_order, 4>> {
  protected:
    Outcomes run(const std::array<std::memory_order, 4>& orders) {
        thread([this, orders] {
            x.store(1, orders[0]);
            see(y.load(orders[1]));
        });
        thread([this, orders] {
            y.store(1, orders[2]);
            see(x.load(orders[3]));
        });
        return outcomes();
    }
};

TEST_F(StoreBuffering, BothMayMissTheOtherWithReleaseAndAcquire) {
    EXPECT_EQ(run({release, acquire, release, acquire}), (Outcomes{"0 0", "0 1", "1 0", "1 1"}));
}

TEST_F(StoreBuffering, OneSeesTheOtherWithSequentialConsistency) {
    EXPECT_EQ(run({seq_cst, seq_cst, seq_cst, seq_cst}), (Outcomes{"0 1", "1 0", "1 1"}));
}

// One operation that isn't seq_cst is enough to lose it.
TEST_P(StoreBuffering, BothMayMissTheOtherIfOneOperationIsWeaker) {
    EXPECT_EQ(run(GetParam()), (Outcomes{"0 0", "0 1", "1 0", "1 1"}));
}
INSTANTIATE_TEST_SUITE_P(OneWeaker, StoreBuffering,
                         testing::Values(std::array{release, seq_cst, seq_cst, seq_cst},
                                         std::array{seq_cst, acquire, seq_cst, seq_cst},
                                         std::array{seq_cst, seq_cst, release, seq_cst},
                                         std::array{seq_cst, seq_cst, seq_cst, acquire}));

// An acq_rel exchange in place of a seq_cst store isn't enough either.
TEST_F(StoreBuffering, AcqRelExchangeIsNotEnough) {
    thread([this] {
        x.exchange(1, acq_rel);
        see(y.load(seq_cst));
    });
    thread([this] {
        y.store(1, seq_cst);
        see(x.load(seq_cst));
    });
    EXPECT_EQ(outcomes(), (Outcomes{"0 0", "0 1", "1 0", "1 1"}));
}

// ---- message passing ----

class MessagePassing : public Litmus {
  protected:
    Outcomes run(std::memory_order store, std::memory_order load) {
        thread([this, store] {
            x.store(1, relaxed);
            y.store(1, store);
        });
        thread([this, load] {
            see(y.load(load));
            see(x.load(relaxed));
        });
        return outcomes();
    }
};

TEST_F(MessagePassing, TheFlagMayOvertakeTheMessageIfEitherSideIsRelaxed) {
    const Outcomes all{" 00", " 01", " 10", " 11"};
    EXPECT_EQ(run(release, relaxed), all);
}

TEST_F(MessagePassing, TheFlagMayOvertakeTheMessageIfTheStoreIsRelaxed) {
    EXPECT_EQ(run(relaxed, seq_cst), (Outcomes{" 00", " 01", " 10", " 11"}));
}

TEST_F(MessagePassing, ReleaseAndAcquireKeepTheOrder) {
    EXPECT_EQ(run(release, acquire), (Outcomes{" 00", " 01", " 11"}));
}

// A third thread passes it on.
TEST_F(MessagePassing, ReleaseAndAcquireAreTransitive) {
    thread([this] { x.store(1, relaxed), y.store(1, release); });
    thread([this] {
        if (y.load(acquire) == 1) y.store(2, release);
    });
    thread([this] {
        see(y.load(acquire));
        see(x.load(relaxed));
    });
    EXPECT_EQ(outcomes(), (Outcomes{"  00", "  01", "  11", "  21"}));
}

// ---- release sequences ----

TEST_F(MessagePassing, ALaterStoreOfTheSameThreadDoesNotContinueAReleaseSequence) {
    thread([this] {
        x.store(1, relaxed);
        y.store(1, release);
        y.store(2, relaxed);
    });
    thread([this] {
        see(y.load(acquire));
        see(x.load(relaxed));
    });
    EXPECT_EQ(outcomes(), (Outcomes{" 00", " 01", " 11", " 20", " 21"}));
}

TEST_F(MessagePassing, AReadModifyWriteOfAnyThreadContinuesAReleaseSequence) {
    thread([this] {
        x.store(1, relaxed);
        y.store(1, release);
    });
    thread([this] { y.fetch_add(1, relaxed); });
    thread([this] {
        see(y.load(acquire));
        if (const uint64_t message = x.load(relaxed); true) see(message);
    });
    // y = 1 is also what the addition makes of 0: the message may be missing then. 2 is the release, passed
    // on.
    EXPECT_EQ(outcomes(), (Outcomes{"  00", "  01", "  10", "  11", "  21"}));
}

// ---- many copies agree ----

class Iriw : public Litmus {
  protected:
    bool readers_may_disagree(std::memory_order store, std::memory_order load) {
        thread([this, store] { x.store(1, store); });
        thread([this, store] { y.store(1, store); });
        thread([this, load] { see(x.load(load)), see(y.load(load)); });
        thread([this, load] { see(y.load(load)), see(x.load(load)); });
        const Outcomes found = outcomes();
        EXPECT_EQ(found.size(), found.contains("  10 10") ? 16u : 15u);
        return found.contains("  10 10");
    }
};

TEST_F(Iriw, ReadersMayDisagreeWithAcquire) {
    EXPECT_TRUE(readers_may_disagree(release, acquire));
}
TEST_F(Iriw, ReadersMayDisagreeIfOnlyTheStoresAreSequentiallyConsistent) {
    EXPECT_TRUE(readers_may_disagree(seq_cst, acquire));
}
TEST_F(Iriw, ReadersAgreeWithSequentialConsistency) {
    EXPECT_FALSE(readers_may_disagree(seq_cst, seq_cst));
}

// ---- one location ----

TEST_F(Litmus, AReaderNeverGoesBack) {
    thread([this] { x.store(1, relaxed), x.store(2, relaxed); });
    thread([this] { see(x.load(relaxed)), see(x.load(relaxed)); });
    EXPECT_EQ(outcomes(), (Outcomes{" 00", " 01", " 02", " 11", " 12", " 22"}));
}

TEST_F(Litmus, ReadersAgreeOnTheOrderOfWritesToOneWord) {
    thread([this] { x.store(1, relaxed); });
    thread([this] { x.store(2, relaxed); });
    thread([this] { see(x.load(relaxed)), see(x.load(relaxed)); });
    thread([this] { see(x.load(relaxed)), see(x.load(relaxed)); });
    const Outcomes found = outcomes();
    EXPECT_TRUE(found.contains("  12 12") && found.contains("  21 21"));
    EXPECT_FALSE(found.contains("  12 21") || found.contains("  21 12"));
    EXPECT_EQ(found.size(), 7u * 7u - 2u);  // 00 01 02 11 12 22 21 each
}

TEST_F(Litmus, AThreadReadsItsOwnWriteOrALaterOne) {
    thread([this] { x.store(1, relaxed), see(x.load(relaxed)); });
    thread([this] { x.store(2, relaxed), see(x.load(relaxed)); });
    explorer.show_final_values();
    EXPECT_EQ(outcomes(), (Outcomes{"1 1 | 1 0 0", "1 2 | 1 0 0", "1 2 | 2 0 0", "2 2 | 2 0 0"}));
}

TEST_F(Litmus, AdditionsAreNotLost) {
    for (int i = 0; i < 3; ++i) thread([this] { see(x.fetch_add(1, relaxed)); });
    explorer.show_final_values();
    EXPECT_EQ(outcomes(), (Outcomes{"0 1 2 | 3 0 0", "0 2 1 | 3 0 0", "1 0 2 | 3 0 0", "1 2 0 | 3 0 0",
                                    "2 0 1 | 3 0 0", "2 1 0 | 3 0 0"}));
}

TEST_F(Litmus, AnExchangeReadsTheWriteJustBeforeIt) {
    thread([this] { see(x.exchange(1, relaxed)); });
    thread([this] { x.store(2, relaxed), see(x.exchange(3, relaxed)); });
    explorer.show_final_values();
    EXPECT_EQ(outcomes(), (Outcomes{"0 2 | 3 0 0", "2 1 | 3 0 0", "3 2 | 1 0 0"}));
}

// ---- the order S ----

class TwoWriters : public Litmus {
  protected:
    bool both_first_writes_may_last(std::memory_order order) {
        thread([this, order] { x.store(1, order), y.store(2, order); });
        thread([this, order] { y.store(1, order), x.store(2, order); });
        explorer.show_final_values();
        const Outcomes found = outcomes();
        EXPECT_TRUE(found.contains("  | 2 2 0") && found.contains("  | 1 2 0") &&
                    found.contains("  | 2 1 0"));
        return found.contains("  | 1 1 0");
    }
};

// 2+2W: the modification orders need not agree with any interleaving.
TEST_F(TwoWriters, FirstWritesMayLastWithRelease) {
    EXPECT_TRUE(both_first_writes_may_last(release));
}
TEST_F(TwoWriters, FirstWritesMayNotLastWithSequentialConsistency) {
    EXPECT_FALSE(both_first_writes_may_last(seq_cst));
}

// [atomics.order], the example of P0668: S need not agree with happens-before where other orders are mixed
// in.
TEST_F(Litmus, SequentialConsistencyMayContradictHappensBefore) {
    thread([this] { x.store(1, seq_cst), y.store(1, release); });
    thread([this] { see(y.fetch_add(1, seq_cst)), see(y.load(relaxed)); });
    thread([this] { y.store(3, seq_cst), see(x.load(seq_cst)); });
    EXPECT_TRUE(outcomes().contains(" 13 0"));
}

// The same with seq_cst throughout is forbidden.
TEST_F(Litmus, SequentialConsistencyThroughoutIsAnInterleaving) {
    thread([this] { x.store(1, seq_cst), y.store(1, seq_cst); });
    thread([this] { see(y.fetch_add(1, seq_cst)), see(y.load(seq_cst)); });
    thread([this] { y.store(3, seq_cst), see(x.load(seq_cst)); });
    EXPECT_FALSE(outcomes().contains(" 13 0"));
}

// A seq_cst store, then a message; who has it, then makes a seq_cst load, comes after the store in S.
class StoreBufferingByMessage : public Litmus {
  protected:
    Outcomes run(std::memory_order message) {
        thread([this] { x.store(1, seq_cst), y.store(1, release); });
        thread([this, message] { see(y.load(message)), see(z.load(seq_cst)); });
        thread([this] { z.store(1, seq_cst), see(x.load(seq_cst)); });
        return outcomes();
    }
    Word z{explorer, "z"};
};

TEST_F(StoreBufferingByMessage, OneSeesTheOtherIfTheMessageIsAcquired) {
    EXPECT_EQ(run(acquire), (Outcomes{" 00 0", " 00 1", " 01 0", " 01 1", " 10 1", " 11 0", " 11 1"}));
}
TEST_F(StoreBufferingByMessage, BothMayMissTheOtherIfItIsNot) {
    EXPECT_EQ(run(relaxed),
              (Outcomes{" 00 0", " 00 1", " 01 0", " 01 1", " 10 0", " 10 1", " 11 0", " 11 1"}));
}

// ---- plain memory, messages ----

TEST_F(Litmus, AnUnorderedPlainReadIsARace) {
    thread([this] { data.write(1), x.store(1, relaxed); });
    thread([this] {
        if (x.load(acquire) == 1) data.read();
    });
    EXPECT_EQ(explore().failure,
              "data race: thread 2: data plain read reads 0\n  with thread 1: data plain write 1");
}

TEST_F(Litmus, AnUnorderedPlainWriteIsARace) {
    thread([this] {
        if (x.load(acquire) == 0) data.read();
    });
    thread([this] { x.store(1, release), data.write(1); });
    EXPECT_NE(explore().failure, "");
}

TEST_F(Litmus, AReleasedPlainWriteIsSeen) {
    thread([this] { data.write(1), x.store(1, release); });
    thread([this] {
        if (x.load(acquire) == 1) see(data.read());
    });
    EXPECT_EQ(outcomes(), (Outcomes{" ", " 1"}));
}

TEST_F(Litmus, AMessageBringsWhatWasWrittenBeforeIt) {
    Channel channel(explorer, "channel");
    thread([this, &channel] {
        data.write(1);
        channel.send(5);
        channel.send(6);
    });
    thread([this, &channel] { see(channel.receive(1)), see(data.read()), see(channel.receive(2)); });
    EXPECT_EQ(outcomes(), (Outcomes{" 516"}));
}

TEST_F(Litmus, AMessageThatNeverComesIsAnError) {
    Channel channel(explorer, "channel");
    thread([this, &channel] {
        if (x.load(relaxed) == 0) channel.send(1);
    });
    thread([this] { x.store(1, relaxed); });
    thread([&channel] { channel.receive(1); });
    EXPECT_EQ(explore().failure, "thread 3 waits for ever");
}

// ---- what the explorer can't show ----

// C++20 allows both loads to read 1 here; the explorer never lets a read see what depends on it.
TEST_F(Litmus, LoadBufferingIsNotExplored) {
    thread([this] { see(x.load(relaxed)), y.store(1, relaxed); });
    thread([this] { see(y.load(relaxed)), x.store(1, relaxed); });
    EXPECT_EQ(outcomes(), (Outcomes{"0 0", "0 1", "1 0"}));
}

}  // namespace
}  // namespace camtap::weak
