#include <gtest/gtest.h>

#include "daemon/source/options.h"

namespace camtap::source {
namespace {

using Arguments = std::vector<std::string>;

Options good(const Arguments& arguments) {
    const Result<Parsed> parsed = parse_options(arguments);
    if (!parsed) {
        ADD_FAILURE() << parsed.error().message;
        return {};
    }
    return parsed->options;
}

TEST(SourceOptions, as_the_daemon_words_them) {
    const Options o = good({"--stream", "front/left", "--max-frame-bytes", "1000", "images", "--path",
                            "/a b/*[0-9].jpg", "--times", "/t.txt", "--loop", "--max-pixels", "5"});
    EXPECT_EQ(o.stream, "front/left");
    EXPECT_EQ(o.max_frame_bytes, 1000u);
    const auto& images = std::get<ImagesOptions>(o.source);
    EXPECT_EQ(images.path, "/a b/*[0-9].jpg");
    EXPECT_EQ(images.times, "/t.txt");
    EXPECT_TRUE(images.loop);
    EXPECT_FALSE(images.watch);
    EXPECT_EQ(images.max_pixels, 5u);
}

TEST(SourceOptions, common_options_may_stand_behind_the_subcommand) {
    const Options o = good({"pattern", "--width", "1", "--height", "2", "--fps", "0", "--format", "gray16",
                            "--frames", "7", "--stream", "x", "--socket", "/s"});
    EXPECT_EQ(o.stream, "x");
    EXPECT_EQ(o.socket, "/s");
    const auto& pattern = std::get<PatternOptions>(o.source);
    EXPECT_EQ(pattern.width, 1u);
    EXPECT_EQ(pattern.height, 2u);
    EXPECT_EQ(pattern.fps, 0);
    EXPECT_EQ(pattern.format, PatternFormat::gray16);
    EXPECT_EQ(pattern.frames, 7u);
}

TEST(SourceOptions, video_comes_from_exactly_one_place) {
    const std::string pipeline = "videotestsrc pattern=\"ball\" ! video/x-raw,format=BGR ! appsink";
    const Options o = good({"--stream", "v", "video", "--pipeline", pipeline, "--backend", "gstreamer"});
    EXPECT_EQ(std::get<VideoOptions>(o.source).kind, VideoOptions::Kind::pipeline);
    EXPECT_EQ(std::get<VideoOptions>(o.source).where, pipeline);
    EXPECT_EQ(std::get<VideoOptions>(o.source).backend, Backend::gstreamer);
    EXPECT_FALSE(parse_options({"--stream", "v", "video"}));
    EXPECT_FALSE(parse_options({"--stream", "v", "video", "--path", "a", "--url", "http://b"}));
}

TEST(SourceOptions, a_camera_can_be_asked_for_a_mode) {
    const Options o = good({"--stream", "v", "video", "--device", "0", "--width", "1920", "--height", "1080",
                            "--fourcc", "MJPG"});
    const auto& video = std::get<VideoOptions>(o.source);
    EXPECT_EQ(video.width, 1920u);
    EXPECT_EQ(video.height, 1080u);
    EXPECT_EQ(video.fourcc, "MJPG");
    EXPECT_FALSE(parse_options({"--stream", "v", "video", "--device", "0", "--width", "1920"}));
    EXPECT_FALSE(parse_options({"--stream", "v", "video", "--device", "0", "--fourcc", "MJPEG"}));
    EXPECT_FALSE(parse_options({"--stream", "v", "video", "--path", "a", "--width", "19", "--height", "10"}));
}

TEST(SourceOptions, files_are_paced_and_live_sources_are_not) {
    const auto video = [](Arguments more) {
        more.insert(more.begin(), {"--stream", "v", "video"});
        return std::get<VideoOptions>(good(more).source);
    };
    EXPECT_TRUE(video({"--path", "a"}).is_paced());
    EXPECT_FALSE(video({"--path", "a", "--realtime", "off"}).is_paced());
    EXPECT_FALSE(video({"--url", "rtsp://a"}).is_paced());
    EXPECT_FALSE(video({"--url", "rtsp://a"}).is_recording());
    EXPECT_TRUE(video({"--url", "http://a/b.mp4", "--realtime", "on"}).is_paced());
    EXPECT_FALSE(video({"--device", "0"}).is_recording());
    EXPECT_FALSE(video({"--device", "0", "--realtime", "on"}).is_paced());
}

class BadArguments : public testing::TestWithParam<Arguments> {};

TEST_P(BadArguments, are_refused_with_words) {
    const Result<Parsed> parsed = parse_options(GetParam());
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Code::invalid);
    EXPECT_FALSE(parsed.error().message.empty());
}

INSTANTIATE_TEST_SUITE_P(
    SourceOptions, BadArguments,
    testing::Values(Arguments{}, Arguments{"--stream", "x"}, Arguments{"pattern"},
                    Arguments{"--stream", "", "pattern"}, Arguments{"--stream", "UP", "pattern"},
                    Arguments{"--stream", "x", "carrier-pigeon"}, Arguments{"--stream", "x", "images"},
                    Arguments{"--stream", "x", "images", "--path", "a", "--fps", "0"},
                    Arguments{"--stream", "x", "images", "--path", "a", "--fps", "nan"},
                    Arguments{"--stream", "x", "images", "--path", "a", "--fps", "5", "--times", "t"},
                    Arguments{"--stream", "x", "images", "--path", "a", "--watch", "--times", "t"},
                    Arguments{"--stream", "x", "images", "--path", "a", "--max-pixels", "-1"},
                    Arguments{"--stream", "x", "images", "--path", "a", "--lop"},
                    Arguments{"--stream", "x", "pattern", "--width", "0"},
                    Arguments{"--stream", "x", "pattern", "--fps", "-1"},
                    Arguments{"--stream", "x", "pattern", "--format", "yuv"},
                    Arguments{"--stream", "x", "pattern", "--format", "9"},
                    Arguments{"--stream", "x", "video", "--url", "/not/a/url"},
                    Arguments{"--stream", "x", "video", "--path", ""},
                    Arguments{"--stream", "x", "video", "--path", "a", "--backend", "vfw"},
                    Arguments{"--stream", "x", "video", "--path", "a", "--backend", "77"},
                    Arguments{"--stream", "x", "video", "--path", "a", "--realtime", "perhaps"},
                    Arguments{"--stream", "x", "video", "--path", "a", "images", "--path", "b"}));

TEST(SourceOptions, help_is_help_and_no_error) {
    const Result<Parsed> parsed = parse_options({"--help"});
    ASSERT_TRUE(parsed);
    EXPECT_NE(parsed->help.find("Exit status"), std::string::npos);
    const Result<Parsed> sub = parse_options({"images", "--help"});
    ASSERT_TRUE(sub);
    EXPECT_NE(sub->help.find("--watch"), std::string::npos);
}

}  // namespace
}  // namespace camtap::source
