// The examples do what they promise, against a real daemon.
#include <camtap/opencv.hpp>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>

#include "daemon_fixture.h"
#include "json_check.h"
#include "run_tool.h"

namespace camtap::test {
namespace {

namespace fs = std::filesystem;

const std::string kConfiguration =
    "[[stream]]\nname = \"pattern\"\nsource = \"pattern\"\nwidth = 64\nheight = 48\nfps = 50\n"
    "[[stream]]\nname = \"walk\"\nsource = \"video\"\npath = \"" CAMTAP_TEST_DATA
    "/pedestrians.avi\"\nloop = true\n"
    "[[stream]]\nname = \"walk/obstacles\"\nsource = \"publisher\"\n";

class SmallExamples : public testing::TestWithParam<const char*> {};

TEST_P(SmallExamples, PrintALineAFrameAndEnd) {
    Daemon daemon(kConfiguration);
    const std::vector<std::string> environment = {"CAMTAP_SOCKET=" + daemon.socket_path()};
    const Ran example = run({GetParam(), "pattern", "3"}, environment);
    EXPECT_EQ(example.status, 0) << example.err;
    EXPECT_EQ(lines(example.out).size(), 3U) << example.out;
    const Ran lost = run({GetParam(), "no-such-stream", "3"}, environment);
    EXPECT_EQ(lost.status, 1);
    EXPECT_NE(lost.err.find("no-such-stream"), std::string::npos) << lost.err;
}

INSTANTIATE_TEST_SUITE_P(All, SmallExamples,
                         testing::Values(SMALLEST_TAP_C, SMALLEST_TAP, SMALLEST_OPENCV, EVENT_LOOP),
                         [](const auto& example) { return fs::path(example.param).filename().string(); });

class Detector : public testing::Test {
  protected:
    std::vector<std::string> environment() const { return {"CAMTAP_SOCKET=" + daemon_.socket_path()}; }

    Daemon daemon_{kConfiguration};
    TemporaryDirectory files_;
};

size_t count(const std::string& text, const std::string& what) {
    size_t n = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
}

TEST_F(Detector, FindsThePedestrians) {
    const Ran ran = run({OBSTACLE_DETECTOR, "walk", "-n", "40"}, environment());
    EXPECT_EQ(ran.status, 0) << ran.err;
    const std::vector<std::string> all = lines(ran.out);
    ASSERT_EQ(all.size(), 40U);
    for (const std::string& line : all) ASSERT_TRUE(JsonCheck::is_json(line)) << line;
    size_t with_boxes = 0;
    for (size_t i = 20; i < 40; ++i) with_boxes += count(all[i], "\"id\":") >= 2 ? 1 : 0;
    EXPECT_GE(with_boxes, 15U) << ran.out;  // two at least can be seen all the time
}

TEST_F(Detector, PublishesAndSavesWhatItSaw) {
    Tap annotated = daemon_.tap("walk/obstacles");
    Running detector({OBSTACLE_DETECTOR, "walk", "--publish", "walk/obstacles", "--save", files_.file("out")},
                     environment());
    const auto frame = annotated.next(kGuard);
    ASSERT_TRUE(frame) << detector.err();
    const std::string capture = "\"capture_ns\":" + std::to_string(frame->info().capture_ns) + ",";
    EXPECT_NE(detector.out().find(capture),
              std::string::npos);  // when the picture was taken, not when it was drawn on
    EXPECT_EQ(mat(*frame).type(), CV_8UC3);
    const auto saved = [&] {
        std::error_code none_yet;
        for (const fs::directory_entry& entry : fs::directory_iterator(files_.file("out"), none_yet)) {
            if (entry.path().filename().string()[0] != '.') return entry.path().string();
        }
        return std::string();
    };
    ASSERT_TRUE(eventually([&] { return !saved().empty(); }));
    EXPECT_EQ(cv::imread(saved()).size(), mat(*frame).size());
    detector.kill(SIGTERM);
    EXPECT_EQ(detector.wait(), 0) << detector.err();
}

TEST_F(Detector, GoesOnWhenTheDaemonComesBack) {
    Running detector({OBSTACLE_DETECTOR, "walk", "--publish", "walk/obstacles"}, environment());
    {
        Tap annotated = daemon_.tap("walk/obstacles");
        ASSERT_TRUE(annotated.next(kGuard)) << detector.err();
    }
    daemon_.stop(SIGKILL);
    daemon_.start();
    Tap annotated = daemon_.tap("walk/obstacles");
    EXPECT_TRUE(annotated.next(kGuard)) << detector.err();
    detector.kill(SIGINT);
    EXPECT_EQ(detector.wait(), 0) << detector.err();
}

TEST_F(Detector, DetectsOnWhileSomebodyElsePublishes) {
    Publisher rival = daemon_.publisher("walk/obstacles");
    const Ran ran = run({OBSTACLE_DETECTOR, "walk", "--publish", "walk/obstacles", "-n", "5"}, environment());
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(lines(ran.out).size(), 5U);
    EXPECT_EQ(lines(ran.err).size(), 1U) << ran.err;  // told once
}

}  // namespace
}  // namespace camtap::test
