// The obstacle detector's tracks keep their numbers.
#include "tracker.h"

#include <gtest/gtest.h>

namespace {

// A person of 20 x 60 pixels, walking to the right, 5 pixels a picture.
cv::Rect walker(int picture, int y = 100) {
    return {100 + 5 * picture, y, 20, 60};
}

std::vector<Track> walk(Tracker& tracker, int from, int to) {
    std::vector<Track> tracks;
    for (int i = from; i < to; ++i) tracks = tracker.update({walker(i)});
    return tracks;
}

TEST(Tracker, ShowsATrackOnceItIsSure) {
    Tracker tracker;
    EXPECT_TRUE(walk(tracker, 0, Tracker::kBirth - 1).empty());
    EXPECT_EQ(walk(tracker, Tracker::kBirth - 1, Tracker::kBirth).size(), 1U);
}

TEST(Tracker, FlickerIsNeverShown) {
    Tracker tracker;
    for (int i = 0; i < 50; ++i) {
        const bool is_there = i % 2 == 0;
        EXPECT_TRUE(tracker.update(is_there ? std::vector{walker(0)} : std::vector<cv::Rect>{}).empty());
    }
}

TEST(Tracker, KeepsItsNumberWhileItIsSeen) {
    Tracker tracker;
    const int id = walk(tracker, 0, 5).at(0).id;
    EXPECT_EQ(walk(tracker, 5, 60).at(0).id, id);
}

TEST(Tracker, FollowsTheBox) {
    Tracker tracker;
    const Track track = walk(tracker, 0, 30).at(0);
    EXPECT_GT(overlap(track.box, walker(29)), 0.8);
    EXPECT_NEAR(track.velocity.x, 5, 0.5);
}

TEST(Tracker, IsHiddenBehindALampPostAndComesOutWithItsNumber) {
    Tracker tracker;
    const int id = walk(tracker, 0, 20).at(0).id;
    for (int i = 20; i < 20 + Tracker::kHide; ++i) EXPECT_EQ(tracker.update({}).size(), 1U);
    EXPECT_TRUE(tracker.update({}).empty());
    const std::vector<Track> found = tracker.update({walker(21 + Tracker::kHide)});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id, id);
}

TEST(Tracker, ForgetsWhatStaysAway) {
    Tracker tracker;
    const int id = walk(tracker, 0, 20).at(0).id;
    for (int i = 0; i <= Tracker::kDeath; ++i) static_cast<void>(tracker.update({}));
    EXPECT_NE(walk(tracker, 20, 20 + Tracker::kBirth).at(0).id, id);
}

TEST(Tracker, TwoWhoWalkSideBySideStayTwo) {
    Tracker tracker;
    std::vector<Track> tracks;
    for (int i = 0; i < 30; ++i) tracks = tracker.update({walker(i), walker(i, 170)});
    ASSERT_EQ(tracks.size(), 2U);
    EXPECT_NE(tracks[0].id, tracks[1].id);
    EXPECT_EQ(tracks[0].hits, 30);
    EXPECT_EQ(tracks[1].hits, 30);
}

TEST(Tracker, TwoWhoPassEachOtherKeepTheirNumbers) {
    Tracker tracker;
    const auto boxes = [](int i) {
        return std::vector{cv::Rect(100 + 5 * i, 100, 20, 60), cv::Rect(300 - 5 * i, 115, 20, 60)};
    };
    std::vector<Track> tracks;
    for (int i = 0; i < 10; ++i) tracks = tracker.update(boxes(i));
    ASSERT_EQ(tracks.size(), 2U);
    const int to_the_right = tracks[0].velocity.x > 0 ? tracks[0].id : tracks[1].id;
    for (int i = 10; i < 40; ++i) tracks = tracker.update(boxes(i));
    ASSERT_EQ(tracks.size(), 2U);
    const Track& right = tracks[0].box.x > tracks[1].box.x ? tracks[0] : tracks[1];
    EXPECT_EQ(right.id, to_the_right);
}

TEST(Tracker, ABoxIsTakenByOneTrackOnly) {
    Tracker tracker;
    std::vector<Track> tracks;
    for (int i = 0; i < 10; ++i) tracks = tracker.update({walker(i), walker(i, 120)});
    tracks = tracker.update({walker(10)});  // one hides the other
    ASSERT_EQ(tracks.size(), 2U);
    EXPECT_EQ(tracks[0].misses + tracks[1].misses, 1);
}

TEST(Overlap, IsTheShareOfTheUnion) {
    EXPECT_DOUBLE_EQ(overlap({0, 0, 2, 2}, {0, 0, 2, 2}), 1);
    EXPECT_DOUBLE_EQ(overlap({0, 0, 2, 2}, {1, 0, 2, 2}), 2.0 / 6);
    EXPECT_DOUBLE_EQ(overlap({0, 0, 2, 2}, {5, 5, 2, 2}), 0);
    EXPECT_DOUBLE_EQ(overlap({}, {}), 0);
}

}  // namespace
