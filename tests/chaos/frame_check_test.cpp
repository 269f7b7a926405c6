// Promise: a frame that is torn, a number that is given twice, and a ledger that is wrong don't get past the
// check.
#include "frame_check.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace camtap::chaos {
namespace {

using Asked = FrameCheck::Asked;

// A frame of the publisher, as a tap would get it.
struct MadeFrame {
    MadeFrame(uint64_t sequence, const Mark& mark, uint64_t bytes = 1000) : data(bytes) {
        info = CAMTAP_INIT(camtap_frame_info);
        info.sequence = sequence;
        info.capture_ns = static_cast<int64_t>(1000 * mark.ordinal);
        info.source_sequence = mark.ordinal;
        info.image = marked_image(bytes);
        write_marked(info.image, data.data(), mark, info.capture_ns);
    }
    camtap_frame_info info;
    std::vector<std::byte> data;
};

struct Checked {
    void take(const MadeFrame& frame, Asked asked = Asked::next) {
        check.take(frame.info, frame.data.data(), asked);
    }
    std::unique_ptr<PublisherPage> books = std::make_unique<PublisherPage>();
    Seen seen;
    FrameCheck check{books.get(), seen};
};

Mark mark(uint64_t ordinal, uint64_t run = 1) {
    return {ordinal, run, 0, 0, 0};
}

TEST(FrameCheck, LetsWholeFramesInOrderPass) {
    Checked tap;
    for (uint64_t n = 1; n <= 100; ++n) tap.take(MadeFrame(n, mark(n), kLeastBytes + n));
    EXPECT_EQ(tap.check.delivered(), 100u);
}

TEST(FrameCheck, SeesEveryBytesChange) {
    MadeFrame frame(1, mark(1), 300);
    expect_whole(frame.info, frame.data.data());
    for (std::byte& byte : frame.data) {
        byte ^= std::byte{0x10};
        EXPECT_THROW(expect_whole(frame.info, frame.data.data()), Violation);
        byte ^= std::byte{0x10};
    }
}

TEST(FrameCheck, SeesAnotherFrameInItsPlace) {
    const MadeFrame frame(1, mark(1));
    const MadeFrame later(5, mark(5));
    EXPECT_THROW(expect_whole(frame.info, later.data.data()), Violation);
}

TEST(FrameCheck, SeesARecordOfAnotherFrame) {
    MadeFrame frame(1, mark(1));
    frame.info.capture_ns += 1;
    EXPECT_THROW(expect_whole(frame.info, frame.data.data()), Violation);
}

TEST(FrameCheck, SeesNumbersThatDontGrow) {
    for (const uint64_t second : {uint64_t{9}, uint64_t{10}}) {
        Checked tap;
        tap.take(MadeFrame(10, mark(10)));
        EXPECT_THROW(tap.take(MadeFrame(second, mark(11))), Violation);
    }
}

TEST(FrameCheck, SeesANumberGivenTwiceOverTheLivesOfATap) {
    Checked tap;
    tap.take(MadeFrame(10, mark(10)));
    FrameCheck next_life(tap.books.get(), tap.seen);
    const MadeFrame again(10, mark(11));
    EXPECT_THROW(next_life.take(again.info, again.data.data(), Asked::next), Violation);
}

TEST(FrameCheck, ATapThatComesBackMaySeeTheSameFrameAgain) {
    Checked tap;
    const MadeFrame frame(10, mark(10));
    tap.take(frame);
    FrameCheck next_life(tap.books.get(), tap.seen);
    next_life.take(frame.info, frame.data.data(), Asked::next);
}

TEST(FrameCheck, WantsEveryMissedFrameOfARunAccountedFor) {
    for (const uint64_t told : {uint64_t{3}, uint64_t{4}, uint64_t{5}}) {
        Checked tap;
        tap.take(MadeFrame(10, mark(10)));
        MadeFrame frame(15, mark(15));
        frame.info.missed.too_slow = told;
        if (told == 4) {
            tap.take(frame);
        } else {
            EXPECT_THROW(tap.take(frame), Violation) << told;
        }
    }
}

TEST(FrameCheck, WantsTheRightCause) {
    for (const auto cause : {&camtap_missed::too_slow, &camtap_missed::skipped, &camtap_missed::restart}) {
        for (const Asked asked : {Asked::next, Asked::latest}) {
            Checked tap;
            tap.take(MadeFrame(10, mark(10)));
            MadeFrame frame(12, mark(12));
            frame.info.missed.*cause = 1;
            const bool right =
                cause == (asked == Asked::next ? &camtap_missed::too_slow : &camtap_missed::skipped);
            if (right) {
                tap.take(frame, asked);
            } else {
                EXPECT_THROW(tap.take(frame, asked), Violation);
            }
        }
    }
}

TEST(FrameCheck, WantsWhatThePublisherCounted) {
    Checked tap;
    tap.take(MadeFrame(10, mark(10)));
    Mark counted = mark(11);
    counted.no_slot = 2;
    MadeFrame frame(11, counted);
    frame.info.missed.no_slot = 1;
    EXPECT_THROW(tap.take(frame), Violation);
}

TEST(FrameCheck, OverRunsOfThePublisherAllowsForFramesPublishedToNobody) {
    const auto told = [](uint64_t restart) {
        Checked tap;
        tap.take(MadeFrame(10, mark(10, 1)));
        MadeFrame frame(40, mark(30, 2));
        frame.info.missed.restart = restart;
        tap.take(frame);
    };
    EXPECT_THROW(told(20), Violation);
    told(19);
    told(19 - kPublisherStock);
    EXPECT_THROW(told(19 - kPublisherStock - 2), Violation);
}

// The first run ended with frame 19, so 9 came behind frame 10; and 10 came before frame 30 in the second.
TEST(FrameCheck, WantsWhatWasPassedInRunsThatATapWasInAccountedForAsPassed) {
    const auto told = [](uint64_t number, uint64_t camtap_missed::*cause, uint64_t missed) {
        Checked tap;
        tap.books->begin_run();
        tap.take(MadeFrame(10, mark(10, 1)));
        tap.books->ordinal = 19;
        tap.books->begin_run();
        MadeFrame frame(number, mark(30, 2));
        frame.info.missed.*cause = missed;
        tap.take(frame);
    };
    told(40, &camtap_missed::too_slow, 19 - kPublisherStock);
    EXPECT_THROW(told(40, &camtap_missed::restart, 19), Violation);
    const uint64_t of_another_daemon = 2'000'000;
    told(of_another_daemon, &camtap_missed::restart, 19 - kPublisherStock);
    EXPECT_THROW(told(of_another_daemon, &camtap_missed::restart, 10), Violation);
}

TEST(FrameCheck, WantsTheLedgerToSayWhatTheFramesSaid) {
    Checked tap;
    tap.take(MadeFrame(10, mark(10)));
    MadeFrame frame(12, mark(12));
    frame.info.missed.too_slow = 1;
    tap.take(frame);
    camtap_tap_status status = CAMTAP_INIT(camtap_tap_status);
    status.expected = 3;
    status.delivered = 2;
    status.missed.too_slow = 1;
    tap.check.balance(status, 0);
    EXPECT_THROW(tap.check.balance(status, 1), Violation);
    status.expected = 4;
    EXPECT_THROW(tap.check.balance(status, 0), Violation);
    status.missed.restart = 1;
    EXPECT_THROW(tap.check.balance(status, 0), Violation);
}

}  // namespace
}  // namespace camtap::chaos
