// What the loader passes on, camtap-source understands; and the reference names the source's real defaults.
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "daemon/source/options.h"
#include "tests/unit/config_files.h"
#include "tests/unit/config_reference.h"

namespace camtap {
namespace {

using ConfigSource = ConfigFiles;

// What the stream's process will make of its arguments.
source::Options options_of(const StreamConfig& stream) {
    const auto parsed = source::parse_options(stream.source_arguments);
    EXPECT_TRUE(parsed) << stream.name << ": " << parsed.error().message;
    return parsed ? parsed->options : source::Options{};
}

void expect_defaults(const source::ImagesOptions& images) {
    const source::ImagesOptions defaults;
    EXPECT_EQ(images.fps, defaults.fps);
    EXPECT_EQ(images.loop, defaults.loop);
    EXPECT_EQ(images.watch, defaults.watch);
    EXPECT_EQ(images.max_pixels, defaults.max_pixels);
    EXPECT_EQ(images.max_file_bytes, defaults.max_file_bytes);
}

// Without a rate of its own a video has no default; and real time is on for recordings.
void expect_defaults(const source::VideoOptions& video) {
    const source::VideoOptions defaults;
    EXPECT_EQ(video.backend, defaults.backend);
    EXPECT_EQ(video.loop, defaults.loop);
    EXPECT_EQ(video.is_paced(), video.is_recording());
}

void expect_defaults(const source::PatternOptions& pattern) {
    const source::PatternOptions defaults;
    EXPECT_EQ(pattern.width, defaults.width);
    EXPECT_EQ(pattern.height, defaults.height);
    EXPECT_EQ(pattern.fps, defaults.fps);
    EXPECT_EQ(pattern.format, defaults.format);
    EXPECT_EQ(pattern.frames, defaults.frames);
}

void expect_defaults(std::monostate) {
    FAIL() << "no source at all";
}

TEST_F(ConfigSource, UnderstandsTheWholeReferenceWhichNamesItsDefaults) {
    const Config config = loaded(reference_with_every_key_set());
    for (const StreamConfig& stream : config.streams) {
        SCOPED_TRACE(stream.name);
        if (stream.source == "publisher") continue;
        const source::Options options = options_of(stream);
        EXPECT_EQ(options.stream, stream.name);
        EXPECT_EQ(options.max_frame_bytes, stream.max_frame_bytes);
        std::visit([](const auto& chosen) { expect_defaults(chosen); }, options.source);
    }
}

TEST_F(ConfigSource, UnderstandsEveryExtreme) {
    const Config config = loaded(R"(
        [[stream]]
        name = "small"
        source = "pattern"
        width = 1
        height = 1
        fps = 0
        format = "gray8"
        frames = 9007199254740992
        max_frame_bytes = 1
        [[stream]]
        name = "large"
        source = "pattern"
        width = 65535
        height = 65535
        fps = 10000
        max_frame_bytes = "1024 GiB"
        [[stream]]
        name = "rare"
        source = "images"
        path = "a b/{x},[1,2]/$HOME/*.jpg"
        fps = 0.001
        loop = true
        watch = true
        max_pixels = 1
        max_file_bytes = 1
        [[stream]]
        name = "camera"
        source = "video"
        device = 255
        realtime = false
        loop = true
        backend = "v4l2"
    )");
    for (const StreamConfig& stream : config.streams) options_of(stream);
    const auto images = std::get<source::ImagesOptions>(options_of(config.streams.at(2)).source);
    EXPECT_EQ(images.path, directory_ / "a b/{x},[1,2]/$HOME/*.jpg");
    EXPECT_EQ(images.fps, 0.001);
    EXPECT_TRUE(images.watch);
}

}  // namespace
}  // namespace camtap
