#include <errno.h>
#include <gtest/gtest.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <opencv2/videoio.hpp>

#include "daemon/source/video.h"
#include "tests/unit/source_driver.h"

namespace camtap::source {
namespace {

constexpr const char* kSample = CAMTAP_TEST_DATA "/pedestrians.avi";
constexpr size_t kSampleFrames = 100;

VideoOptions file(const std::string& path) {
    VideoOptions options;
    options.where = path;
    return options;
}

std::vector<uint8_t> sample_bytes() {
    std::ifstream in(kSample, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class Video : public testing::Test {
  protected:
    Driver::Stop show(const VideoOptions& options, size_t frames = SIZE_MAX) {
        source = std::make_unique<VideoSource>(options);
        driver = std::make_unique<Driver>(*source);
        const Status opened = source->open();
        if (!opened) {
            driver->failure = opened.error().message;
            return Driver::Stop::failed;
        }
        return driver->run(frames);
    }
    void expect_failure(const VideoOptions& options, const std::string& words) {
        EXPECT_EQ(show(options), Driver::Stop::failed);
        EXPECT_TRUE(contains(driver->failure, words)) << driver->failure;
        EXPECT_TRUE(driver->frames.empty());
    }

    TemporaryDirectory dir;
    std::unique_ptr<VideoSource> source;
    std::unique_ptr<Driver> driver;
};

TEST_F(Video, the_sample_has_all_its_frames_at_its_own_rate) {
    EXPECT_EQ(show(file(kSample)), Driver::Stop::ended);
    ASSERT_EQ(driver->frames.size(), kSampleFrames);
    EXPECT_EQ(driver->now_ns - Driver::kBegin, 10'000'000'000) << "the last frame has its time, too";
    EXPECT_EQ(driver->larger_asked, 0);
    EXPECT_EQ(driver->end_text, "");
    for (size_t i = 0; i < kSampleFrames; ++i) {
        const Frame& frame = driver->frames[i].frame;
        EXPECT_EQ(frame.image.width, 768u);
        EXPECT_EQ(frame.image.height, 576u);
        EXPECT_EQ(frame.image.fourcc, CAMTAP_FOURCC_BGR8);
        EXPECT_EQ(frame.source_sequence, i);
        EXPECT_EQ(frame.capture_ns, Driver::kBegin + static_cast<int64_t>(i) * 100'000'000);
        EXPECT_EQ(frame.capture_origin, uint32_t{CAMTAP_ORIGIN_FILE});
        EXPECT_EQ(frame.copies, 1u) << "the one inside retrieve(), and no other";
    }
    EXPECT_NE(driver->frames.front().bytes, driver->frames.back().bytes);
}

TEST_F(Video, fps_overrides_and_realtime_off_never_waits) {
    VideoOptions options = file(kSample);
    options.fps = 50;
    EXPECT_EQ(show(options), Driver::Stop::ended);
    EXPECT_EQ(driver->now_ns - Driver::kBegin, 2'000'000'000);
    options.realtime = VideoOptions::Realtime::off;
    EXPECT_EQ(show(options), Driver::Stop::ended);
    EXPECT_EQ(driver->frames.size(), kSampleFrames);
    EXPECT_EQ(driver->now_ns, Driver::kBegin);
}

TEST_F(Video, loop_begins_again_in_step) {
    VideoOptions options = file(kSample);
    options.loop = true;
    EXPECT_EQ(show(options, kSampleFrames + 3), Driver::Stop::enough);
    EXPECT_EQ(driver->frames[0].bytes, driver->frames[kSampleFrames].bytes);
    EXPECT_EQ(driver->frames[2].bytes, driver->frames[kSampleFrames + 2].bytes);
    EXPECT_EQ(driver->frames[kSampleFrames].frame.capture_ns, Driver::kBegin + 10'000'000'000);
}

TEST_F(Video, a_missing_file) {
    expect_failure(file(dir / "nowhere.avi"), "No such file");
}

TEST_F(Video, what_is_no_regular_file) {
    expect_failure(file(dir.path()), "it is a directory");
    ASSERT_EQ(mkfifo((dir / "x.avi").c_str(), 0600), 0);
    expect_failure(file(dir / "x.avi"), "not a regular file");
}

TEST_F(Video, an_empty_file) {
    expect_failure(file(dir.write("x.avi", std::string())), "it is empty");
}

TEST_F(Video, a_file_that_is_no_video) {
    expect_failure(file(dir.write("x.avi", std::string(5000, 'x'))), "nothing that can be decoded (tried ");
}

TEST_F(Video, a_file_with_a_header_and_no_frames) {
    std::vector<uint8_t> bytes = sample_bytes();
    const std::string frames = "movi";  // the list of frames begins here
    const auto list = std::search(bytes.begin(), bytes.end(), frames.begin(), frames.end());
    bytes.erase(list + 4, bytes.end());
    for (const bool loop : {false, true}) {
        VideoOptions options = file(dir.write("x.avi", bytes));
        options.loop = loop;
        EXPECT_EQ(show(options), Driver::Stop::failed) << "it must not spin";
        EXPECT_TRUE(contains(driver->failure, "there are no frames in")) << driver->failure;
    }
}

TEST_F(Video, a_truncated_file_shows_what_is_there_and_says_so) {
    std::vector<uint8_t> bytes = sample_bytes();
    bytes.resize(bytes.size() / 2);
    EXPECT_EQ(show(file(dir.write("x.avi", bytes))), Driver::Stop::ended);
    EXPECT_GT(driver->frames.size(), kSampleFrames / 4);
    EXPECT_LT(driver->frames.size(), kSampleFrames);
    EXPECT_TRUE(contains(driver->end_text, "cut off?")) << driver->end_text;
}

TEST_F(Video, rubbish_in_the_middle_does_not_end_it) {
    std::vector<uint8_t> bytes = sample_bytes();
    for (size_t i = bytes.size() / 2; i < bytes.size() / 2 + 20'000; ++i)
        bytes[i] = static_cast<uint8_t>(i * 7);
    EXPECT_EQ(show(file(dir.write("x.avi", bytes))), Driver::Stop::ended);
    EXPECT_GT(driver->frames.size() + driver->lost.size(), kSampleFrames * 9 / 10);
}

// By GStreamer: OpenCV's FFmpeg backend (4.6) keeps to the size that a stream begins with.
TEST_F(Video, frames_may_change_size) {
    if (!cv::VideoCapture("videotestsrc num-buffers=1 ! appsink", cv::CAP_GSTREAMER).isOpened()) {
        GTEST_SKIP() << "needs OpenCV with GStreamer, and GStreamer's base plug-ins";
    }
    VideoOptions options;
    options.kind = VideoOptions::Kind::pipeline;
    options.where =
        "videotestsrc num-buffers=2 ! video/x-raw,format=BGR,width=64,height=48 ! c. "
        "concat name=c ! appsink sync=false "
        "videotestsrc num-buffers=2 ! video/x-raw,format=BGR,width=320,height=200 ! c.";
    options.realtime = VideoOptions::Realtime::on;
    EXPECT_EQ(show(options), Driver::Stop::ended) << driver->failure;
    std::vector<uint32_t> widths;
    std::vector<uint32_t> copies;
    for (const Seen& seen : driver->frames) {
        widths.push_back(seen.frame.image.width);
        copies.push_back(seen.frame.copies);
    }
    EXPECT_EQ(widths, (std::vector<uint32_t>{64, 64, 320, 320}));
    EXPECT_EQ(copies, (std::vector<uint32_t>{1, 1, 2, 1})) << "one more where a larger slot is needed";
}

TEST_F(Video, a_live_source_that_stops_fails_with_words) {
    if (!cv::VideoCapture("videotestsrc num-buffers=1 ! appsink", cv::CAP_GSTREAMER).isOpened()) {
        GTEST_SKIP() << "needs OpenCV with GStreamer, and GStreamer's base plug-ins";
    }
    VideoOptions options;
    options.kind = VideoOptions::Kind::pipeline;
    options.where = "videotestsrc num-buffers=5 ! video/x-raw,format=BGR,width=64,height=48 ! appsink";
    EXPECT_EQ(show(options), Driver::Stop::failed);
    EXPECT_EQ(driver->frames.size(), 5u);
    EXPECT_TRUE(contains(driver->failure, "stopped delivering frames")) << driver->failure;
}

TEST_F(Video, an_address_where_nobody_answers_fails_without_its_password) {
    VideoOptions options;
    options.kind = VideoOptions::Kind::url;
    options.where = "http://admin:geheim@127.0.0.1:1/stream";  // nobody listens on port 1
    options.backend = Backend::ffmpeg;
    expect_failure(options, "http://***@127.0.0.1:1/stream: no answer");
    EXPECT_FALSE(contains(driver->failure, "geheim"));
}

// As RestrictAddressFamilies= does it.
void lose_the_network() {
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    for (const uint64_t family : {AF_INET, AF_INET6}) {
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                             SCMP_A0(SCMP_CMP_EQ, family)) != 0)
            _exit(1);
    }
    if (seccomp_load(filter) != 0) _exit(1);
}

TEST_F(Video, an_address_without_a_network_names_the_file_that_opens_it) {
    VideoOptions options;
    options.kind = VideoOptions::Kind::url;
    options.where = "http://127.0.0.1:1/stream";
    options.backend = Backend::ffmpeg;
    const auto fail_without_network = [&] {
        lose_the_network();
        show(options);
        std::fprintf(stderr, "%s\n", driver->failure.c_str());
        _exit(0);
    };
    EXPECT_EXIT(fail_without_network(), testing::ExitedWithCode(0),
                "no network: .*camtap/network.conf opens it");
    EXPECT_EQ(show(options), Driver::Stop::failed);
    EXPECT_FALSE(contains(driver->failure, "network.conf")) << "with a network: " << driver->failure;
}

TEST_F(Video, a_missing_device) {
    VideoOptions options;
    options.kind = VideoOptions::Kind::device;
    options.where = "251";
    expect_failure(options, "/dev/video251: No such file");
    options.where = dir.write("no-device", std::string("x"));
    expect_failure(options, "it is not a device");
}

TEST_F(Video, a_pipeline_that_makes_no_sense) {
    VideoOptions options;
    options.kind = VideoOptions::Kind::pipeline;
    options.where = "nosuchelement user-pw=geheim ! appsink";
    expect_failure(options, "nosuchelement user-pw=***");
}

}  // namespace
}  // namespace camtap::source
