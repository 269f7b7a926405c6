// The obstacle detector finds what moves, and nothing else.
#include "moving_regions.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

namespace {

const cv::Scalar kRoad(120, 120, 120);
const cv::Scalar kCoat(20, 20, 60);

cv::Mat scene(cv::Size size) {
    return {size, CV_8UC3, kRoad};
}

cv::Mat scene_with(cv::Size size, const cv::Rect& person) {
    cv::Mat picture = scene(size);
    cv::rectangle(picture, person, kCoat, cv::FILLED);
    return picture;
}

void learn(MovingRegions& regions, cv::Size size) {
    for (int i = 0; i < 25; ++i) static_cast<void>(regions.find(scene(size)));
}

class FindsPeople : public testing::TestWithParam<cv::Size> {};

TEST_P(FindsPeople, WhoWalkIn) {
    const cv::Size size = GetParam();
    MovingRegions regions;
    learn(regions, size);
    const cv::Rect person(size.width / 2, size.height / 2, size.height / 25, size.height / 8);
    const std::vector<cv::Rect> found = regions.find(scene_with(size, person));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_GT((found[0] & person).area(), 0.9 * person.area());
    EXPECT_LT(found[0].area(), 2 * person.area());
}

INSTANTIATE_TEST_SUITE_P(AtAnyResolution, FindsPeople,
                         testing::Values(cv::Size(768, 576), cv::Size(1280, 720), cv::Size(320, 240)));

TEST(MovingRegions, AStillSceneHasNone) {
    MovingRegions regions;
    for (int i = 0; i < 25; ++i) EXPECT_TRUE(regions.find(scene({640, 480})).empty());
}

TEST(MovingRegions, SpecksAreNotPeople) {
    MovingRegions regions;
    learn(regions, {640, 480});
    EXPECT_TRUE(regions.find(scene_with({640, 480}, {300, 200, 6, 6})).empty());
}

TEST(MovingRegions, ShadesOverHalfThePictureAreNotACrowd) {
    MovingRegions regions;
    learn(regions, {640, 480});
    cv::Mat picture = scene({640, 480});
    for (int x = 0; x < 640; x += 40) cv::rectangle(picture, cv::Rect(x, 0, 25, 230), kCoat, cv::FILLED);
    for (int x = 0; x < 640; x += 40) cv::rectangle(picture, cv::Rect(x, 250, 25, 230), kCoat, cv::FILLED);
    EXPECT_TRUE(regions.find(picture).empty());
}

TEST(MovingRegions, HeadAndLegsAreOnePerson) {
    MovingRegions regions;
    learn(regions, {768, 576});
    cv::Mat picture = scene({768, 576});
    cv::rectangle(picture, cv::Rect(300, 200, 24, 30), kCoat, cv::FILLED);
    cv::rectangle(picture, cv::Rect(300, 237, 24, 40), kCoat, cv::FILLED);
    EXPECT_EQ(regions.find(picture).size(), 1U);
}

TEST(MovingRegions, BeginsAgainWhenTheSizeChanges) {
    MovingRegions regions;
    learn(regions, {640, 480});
    EXPECT_TRUE(regions.find(scene_with({320, 240}, {100, 100, 20, 40})).empty());
    for (int i = 0; i < 25; ++i) EXPECT_TRUE(regions.find(scene({320, 240})).empty());
}

TEST(MovingRegions, GrayPicturesWillDo) {
    MovingRegions regions;
    cv::Mat road(480, 640, CV_8UC1, cv::Scalar(120));
    for (int i = 0; i < 25; ++i) static_cast<void>(regions.find(road));
    cv::rectangle(road, cv::Rect(300, 200, 24, 60), cv::Scalar(20), cv::FILLED);
    EXPECT_EQ(regions.find(road).size(), 1U);
}

}  // namespace
