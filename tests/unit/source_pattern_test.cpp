#include <gtest/gtest.h>

#include <vector>

#include "daemon/source/pattern.h"
#include "daemon/source/pattern_frame.h"
#include "tests/unit/source_driver.h"

namespace camtap::source {
namespace {

PatternOptions options_of(uint32_t width, uint32_t height, PatternFormat format, uint64_t frames) {
    PatternOptions options;
    options.width = width;
    options.height = height;
    options.format = format;
    options.frames = frames;
    return options;
}

TEST(Pattern, certifies_every_format_and_size) {
    for (const PatternFormat format :
         {PatternFormat::bgr8, PatternFormat::gray8, PatternFormat::bgra8, PatternFormat::gray16}) {
        for (const cv::Size size :
             {cv::Size(640, 480), cv::Size(1, 1), cv::Size(3, 5), cv::Size(7, 9), cv::Size(4096, 1),
              cv::Size(1, 4096), cv::Size(31, 33), cv::Size(1920, 1080)}) {
            PatternSource source(
                options_of(static_cast<uint32_t>(size.width), static_cast<uint32_t>(size.height), format, 2));
            ASSERT_TRUE(source.open());
            Driver driver(source);
            EXPECT_EQ(driver.run(), Driver::Stop::ended);
            ASSERT_EQ(driver.frames.size(), 2u);
            for (uint64_t i = 0; i < 2; ++i) {
                uint64_t number = 99;
                EXPECT_TRUE(
                    pattern_frame_ok(driver.frames[i].frame.image, driver.frames[i].bytes.data(), &number));
                EXPECT_EQ(number, i) << size;
                EXPECT_EQ(driver.frames[i].frame.source_sequence, i);
                EXPECT_EQ(driver.frames[i].frame.copies, 0u);
            }
        }
    }
}

TEST(Pattern, any_flipped_bit_is_noticed) {
    PatternSource source(options_of(37, 11, PatternFormat::bgr8, 1));
    ASSERT_TRUE(source.open());
    Driver driver(source);
    driver.run();
    Seen& seen = driver.frames.at(0);
    for (size_t bit = 0; bit < 8 * seen.frame.image.bytes; ++bit) {
        const auto flip = static_cast<uint8_t>(1u << (bit % 8));
        seen.bytes[bit / 8] ^= flip;
        ASSERT_FALSE(pattern_frame_ok(seen.frame.image, seen.bytes.data(), nullptr)) << "bit " << bit;
        seen.bytes[bit / 8] ^= flip;
    }
    EXPECT_TRUE(pattern_frame_ok(seen.frame.image, seen.bytes.data(), nullptr));
}

TEST(Pattern, half_of_another_frame_is_noticed) {
    PatternSource source(options_of(64, 48, PatternFormat::bgr8, 2));
    ASSERT_TRUE(source.open());
    Driver driver(source);
    driver.run();
    std::vector<uint8_t> torn = driver.frames.at(0).bytes;
    const std::vector<uint8_t>& other = driver.frames.at(1).bytes;
    std::copy(other.begin() + 5000, other.end(), torn.begin() + 5000);
    EXPECT_FALSE(pattern_frame_ok(driver.frames[0].frame.image, torn.data(), nullptr));
}

TEST(Pattern, other_geometry_is_noticed) {
    PatternSource source(options_of(64, 48, PatternFormat::gray8, 1));
    ASSERT_TRUE(source.open());
    Driver driver(source);
    driver.run();
    camtap_image image = driver.frames.at(0).frame.image;
    std::swap(image.width, image.height);
    image.stride = image.width;
    EXPECT_FALSE(pattern_frame_ok(image, driver.frames[0].bytes.data(), nullptr));
    image = driver.frames[0].frame.image;
    image.stride += 1;
    EXPECT_FALSE(pattern_frame_ok(image, driver.frames[0].bytes.data(), nullptr));
}

TEST(Pattern, a_tiny_frame_shows_a_wrong_byte_from_9_bytes_on) {
    PatternSource source(options_of(20, 1, PatternFormat::gray8, 1));
    ASSERT_TRUE(source.open());
    Driver driver(source);
    driver.run();
    Seen& seen = driver.frames.at(0);
    ASSERT_TRUE(pattern_frame_ok(seen.frame.image, seen.bytes.data(), nullptr));
    seen.bytes[8] ^= 1;
    EXPECT_FALSE(pattern_frame_ok(seen.frame.image, seen.bytes.data(), nullptr));
}

TEST(Pattern, the_picture_moves) {
    PatternSource source(options_of(320, 240, PatternFormat::gray8, 2));
    ASSERT_TRUE(source.open());
    Driver driver(source);
    driver.run();
    const cv::Mat difference = driver.frames.at(0).mat() != driver.frames.at(1).mat();
    EXPECT_GT(cv::countNonZero(difference.rowRange(1, 200)), 10) << "the ball";
    EXPECT_GT(cv::countNonZero(difference.rowRange(210, 240)), 10) << "the number";
}

TEST(Pattern, keeps_its_rate) {
    PatternOptions options = options_of(8, 8, PatternFormat::gray8, 0);
    options.fps = 60;
    PatternSource source(options);
    ASSERT_TRUE(source.open());
    Driver driver(source);
    EXPECT_EQ(driver.run(601), Driver::Stop::enough);
    EXPECT_EQ(driver.now_ns - Driver::kBegin, 10'000'000'000);
}

TEST(Pattern, flat_out_never_waits) {
    PatternOptions options = options_of(8, 8, PatternFormat::gray8, 100);
    options.fps = 0;
    PatternSource source(options);
    ASSERT_TRUE(source.open());
    Driver driver(source);
    EXPECT_EQ(driver.run(), Driver::Stop::ended);
    EXPECT_EQ(driver.frames.size(), 100u);
    EXPECT_EQ(driver.now_ns, Driver::kBegin);
}

}  // namespace
}  // namespace camtap::source
