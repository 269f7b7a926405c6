// Missed frames: each is counted once, under its cause, and the sum balances whatever a publisher says.
#include "client/ledger.h"

#include <gtest/gtest.h>

#include <random>

namespace camtap::client {
namespace {

uint64_t sum(const camtap_missed& m) {
    return m.source_gap + m.decode_error + m.no_slot + m.too_slow + m.skipped + m.restart;
}

Passage within_generation(uint64_t passed) {
    Passage passage;
    passage.passed = passed;
    return passage;
}

Passage to_another_generation(uint64_t passed) {
    Passage passage = within_generation(passed);
    passage.same_generation = false;
    return passage;
}

TEST(Ledger, FirstFrameIsExpectedAndDeliveredAndMissesNothing) {
    Ledger ledger;
    const camtap_missed missed = ledger.deliver({1000, 5, 6, 7}, {});
    EXPECT_EQ(sum(missed), 0u);
    EXPECT_EQ(ledger.expected(), 1u);
    EXPECT_EQ(ledger.delivered(), 1u);
}

TEST(Ledger, EveryCauseIsCountedUnderItsName) {
    Ledger ledger;
    (void)ledger.deliver({10, 1, 1, 1}, {});
    // 10 more captured, of them 2 undecodable and 1 without a slot; 3 lost before; so 6 published unread
    const camtap_missed missed = ledger.deliver({20, 4, 3, 2}, within_generation(6));
    EXPECT_EQ(missed.source_gap, 3u);
    EXPECT_EQ(missed.decode_error, 2u);
    EXPECT_EQ(missed.no_slot, 1u);
    EXPECT_EQ(missed.too_slow, 6u);
    EXPECT_EQ(ledger.expected(), 1u + 10 + 3);  // Δcaptured + Δsource_gap
}

TEST(Ledger, EachCauseAloneIsCountedThoughTheNextFrameIsDelivered) {
    Ledger ledger;
    (void)ledger.deliver({10, 1, 1, 1}, {});
    EXPECT_EQ(ledger.deliver({11, 2, 1, 1}, within_generation(0)).source_gap, 1u);
    EXPECT_EQ(ledger.deliver({13, 2, 2, 1}, within_generation(0)).decode_error, 1u);
    EXPECT_EQ(ledger.deliver({15, 2, 2, 2}, within_generation(0)).no_slot, 1u);
    EXPECT_EQ(ledger.deliver({17, 2, 2, 2}, within_generation(1)).too_slow, 1u);
    EXPECT_EQ(ledger.deliver({19, 2, 2, 2}, to_another_generation(0)).restart, 1u);
    EXPECT_EQ(ledger.expected(), ledger.delivered() + sum(ledger.missed()));
}

TEST(Ledger, WhatLatestPassesOverIsSkipped) {
    Ledger ledger;
    (void)ledger.deliver({1, 0, 0, 0}, {});
    Passage passage = within_generation(4);
    passage.by_choice = true;
    const camtap_missed missed = ledger.deliver({6, 0, 0, 0}, passage);
    EXPECT_EQ(missed.skipped, 4u);
    EXPECT_EQ(missed.too_slow, 0u);
}

TEST(Ledger, GenerationsThatTheTapNeverSawAreRestart) {
    Ledger ledger;
    (void)ledger.deliver({1, 0, 0, 0}, {});
    const camtap_missed missed = ledger.deliver({11, 0, 0, 0}, to_another_generation(2));
    EXPECT_EQ(missed.too_slow, 2u);
    EXPECT_EQ(missed.restart, 7u);
}

TEST(Ledger, AnotherEpochBeginsAtZeroAndOwesTheOldOne) {
    Ledger ledger;
    (void)ledger.deliver({500, 5, 5, 5}, {});
    Passage passage = to_another_generation(0);
    passage.same_epoch = false;
    passage.lost_behind = 3;
    const camtap_missed missed = ledger.deliver({10, 2, 1, 1}, passage);
    EXPECT_EQ(missed.source_gap, 2u);
    EXPECT_EQ(missed.decode_error, 1u);
    EXPECT_EQ(missed.no_slot, 1u);
    EXPECT_EQ(missed.restart, 7u + 3);
    EXPECT_EQ(ledger.expected(), ledger.delivered() + sum(ledger.missed()));
}

TEST(Ledger, MalformedFramesAreDecodeErrors) {
    Ledger ledger;
    (void)ledger.deliver({1, 0, 0, 0}, {});
    Passage passage = within_generation(3);
    passage.malformed = 1;
    const camtap_missed missed = ledger.deliver({5, 0, 0, 0}, passage);
    EXPECT_EQ(missed.decode_error, 1u);
    EXPECT_EQ(missed.too_slow, 2u);
}

TEST(Ledger, WithinAGenerationTheNumbersCountNotTheCounters) {
    Ledger ledger;
    (void)ledger.deliver({100, 0, 0, 0}, {});
    EXPECT_EQ(ledger.deliver({3, 0, 0, 0}, within_generation(2)).too_slow, 2u);
    EXPECT_EQ(ledger.deliver({~uint64_t{0}, 0, 0, 0}, within_generation(1)).too_slow, 1u);
}

TEST(Ledger, BalancesForAnythingThatAPublisherSays) {
    std::mt19937_64 random(1);
    const auto any = [&] { return random() >> (random() % 64); };
    Ledger ledger;
    for (int i = 0; i < 100000; ++i) {
        Passage passage;
        passage.same_epoch = any() % 4 != 0;
        passage.same_generation = passage.same_epoch && any() % 2 == 0;
        passage.by_choice = any() % 2 == 0;
        passage.passed = passage.same_epoch ? any() : 0;
        passage.lost_behind = passage.same_epoch ? 0 : any();
        passage.malformed = any() % 3;
        (void)ledger.deliver({any(), any(), any(), any()}, passage);
        ASSERT_EQ(ledger.expected(), ledger.delivered() + sum(ledger.missed()));
    }
}

}  // namespace
}  // namespace camtap::client
