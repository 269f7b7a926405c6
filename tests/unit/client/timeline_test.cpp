// Promise: a generation is read under the pins of a session that its publisher knows of.
#include "client/timeline.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "tests/unit/client/fake_segment.h"
#include "tests/unit/client/fake_session.h"

namespace camtap::client {
namespace {

using test::FakeSegment;

bool pins_something(const Session& session) {
    return session.page().pins[0].load() != 0 || session.page().pins[1].load() != 0;
}

struct TwoGenerations : testing::Test {
    FakeSegment old_one{1, 1};
    FakeSegment new_one{2, 11};
    std::shared_ptr<Session> before = test::fake_session(2);
    std::shared_ptr<Session> after = test::fake_session(2);
    std::shared_ptr<const TapSegment> newest;
    Timeline timeline;

    static std::shared_ptr<const TapSegment> seen(const FakeSegment& segment) {
        const SegmentTerms terms{1, segment.first(), segment.generation(), segment.geometry()};
        const UniqueFd memory(fcntl(segment.fd(), F_DUPFD_CLOEXEC, 0));
        return *TapSegment::open(*ProcessMark::current(), terms, memory);
    }
    void SetUp() override {
        old_one.publish();
        new_one.publish();
        newest = seen(new_one);
        timeline.add(seen(old_one), before, Timeline::kUnknownLast, false);
        timeline.add(newest, before, 1, false);
    }
};

TEST_F(TwoGenerations, TheNewestIsReadUnderTheSessionThatItWasConfirmedTo) {
    timeline.adopt(newest, after);
    Pinned frame;
    ASSERT_EQ(timeline.newest(frame), Pinning::done);
    EXPECT_EQ(frame.sequence, 11u);
    EXPECT_TRUE(pins_something(*after));
    EXPECT_FALSE(pins_something(*before));
}

TEST_F(TwoGenerations, OneThatIsOverIsReadUnderTheSessionThatItBeganWith) {
    timeline.adopt(newest, after);
    Pinned frame;
    ASSERT_EQ(timeline.next(frame), Pinning::done);
    EXPECT_EQ(frame.sequence, 1u);
    EXPECT_TRUE(pins_something(*before)) << "its publisher may never hear of another one's page";
    EXPECT_FALSE(pins_something(*after));
}

TEST_F(TwoGenerations, WhatWasReadiedBeforeBindsNothing) {
    Pinned frame;
    timeline.prepare(frame);
    timeline.adopt(newest, after);
    ASSERT_EQ(timeline.next(frame), Pinning::done);
    EXPECT_EQ(frame.segment->terms().generation, old_one.generation())
        << "though the newest was thought to be next";
    EXPECT_EQ(frame.sequence, 1u);
    Pinned another;
    timeline.prepare(another);
    timeline.adopt(newest, before);
    ASSERT_EQ(timeline.newest(another), Pinning::done);
    EXPECT_FALSE(pins_something(*after)) << "a session that is over";
}

TEST_F(TwoGenerations, OneThatWasNotConfirmedIsReadAsBefore) {
    timeline.adopt(seen(new_one), after);  // another mapping: of another generation, or none
    timeline.adopt(nullptr, after);
    Pinned frame;
    ASSERT_EQ(timeline.newest(frame), Pinning::done);
    EXPECT_FALSE(pins_something(*after));
}

}  // namespace
}  // namespace camtap::client
