#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

#include "daemon/source/image_header.h"

namespace camtap::source {
namespace {

struct Kind {
    const char* ending;
    int type;
};

std::vector<uint8_t> encoded(const std::string& ending, int width, int height, int type) {
    cv::Mat picture(height, width, type);
    cv::randu(picture, 0, 255);
    std::vector<uint8_t> file;
    cv::imencode("." + ending, picture, file);
    return file;
}

class EveryKind : public testing::TestWithParam<Kind> {};

TEST_P(EveryKind, the_header_says_what_the_decoder_makes) {
    const std::vector<uint8_t> file = encoded(GetParam().ending, 37, 21, GetParam().type);
    const Result<ImageHeader> header = read_image_header(file);
    ASSERT_TRUE(header) << header.error().message;
    EXPECT_EQ(header->width, 37u);
    EXPECT_EQ(header->height, 21u);
    const cv::Mat decoded = cv::imdecode(file, cv::IMREAD_UNCHANGED);
    EXPECT_EQ(header->channels, decoded.channels());
    EXPECT_EQ(header->depth_bits, 8 * decoded.elemSize1());
}

// Cutting never reads beyond the end (the address sanitizer watches) and never makes another size of it.
TEST_P(EveryKind, any_piece_of_it_is_read_safely) {
    const std::vector<uint8_t> file = encoded(GetParam().ending, 37, 21, GetParam().type);
    for (size_t n = 0; n < file.size(); ++n) {
        const std::vector<uint8_t> piece(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n));
        const Result<ImageHeader> header = read_image_header(piece);
        EXPECT_TRUE(!header || header->width == 37) << n << " bytes";
    }
}

TEST_P(EveryKind, the_first_half_of_it_is_cut_off) {
    std::vector<uint8_t> file = encoded(GetParam().ending, 137, 121, GetParam().type);
    file.resize(file.size() / 2);
    const Result<ImageHeader> header = read_image_header(file);
    ASSERT_FALSE(header);
    EXPECT_NE(header.error().message.find("cut off"), std::string::npos) << header.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    ImageHeader, EveryKind,
    testing::Values(Kind{"jpg", CV_8UC3}, Kind{"jpg", CV_8UC1}, Kind{"png", CV_8UC3}, Kind{"png", CV_8UC4},
                    Kind{"png", CV_8UC1}, Kind{"png", CV_16UC1}, Kind{"png", CV_16UC3}, Kind{"bmp", CV_8UC3},
                    Kind{"bmp", CV_8UC4}, Kind{"tiff", CV_8UC3}, Kind{"tiff", CV_16UC1},
                    Kind{"tiff", CV_32FC1}, Kind{"ppm", CV_8UC3}, Kind{"pgm", CV_8UC1}, Kind{"pgm", CV_16UC1},
                    Kind{"pam", CV_8UC3}, Kind{"webp", CV_8UC3}, Kind{"webp", CV_8UC4}),
    [](const auto& test) { return std::string(test.param.ending) + std::to_string(test.param.type); });

std::vector<uint8_t> bytes_of(const std::string& s) {
    return {s.begin(), s.end()};
}

TEST(ImageHeader, rubbish_is_refused_with_words) {
    for (const std::string& file :
         {std::string(), std::string("hello, world\n"), std::string("P"), std::string("P9 1 1 1"),
          std::string("BM"), std::string("II*\0", 4), std::string("\xff\xd8\xff\xd9"), std::string("GIF89a"),
          std::string("P6 0 5 255\n"), std::string("P5 99999999999999999999 5 255\n"),
          std::string("RIFF\0\0\0\0WEBP", 12)}) {
        const Result<ImageHeader> header = read_image_header(bytes_of(file));
        ASSERT_FALSE(header) << file;
        EXPECT_FALSE(header.error().message.empty());
    }
}

// A directory offset that points back at itself, lengths that run over the end, endless fill bytes.
TEST(ImageHeader, hostile_lengths_end) {
    std::vector<uint8_t> jpeg = {0xff, 0xd8, 0xff, 0xe0, 0xff, 0xff};
    EXPECT_FALSE(read_image_header(jpeg));
    jpeg = {0xff, 0xd8, 0xff, 0xe0, 0x00, 0x00, 0xff, 0xe0, 0x00, 0x00};
    EXPECT_FALSE(read_image_header(jpeg));
    jpeg.assign(100'000, 0xff);
    jpeg[1] = 0xd8;
    EXPECT_FALSE(read_image_header(jpeg));
    std::vector<uint8_t> tiff = bytes_of(std::string("II*\0\x04\0\0\0", 8));
    tiff.resize(70'000, 0xff);
    EXPECT_FALSE(read_image_header(tiff));
}

}  // namespace
}  // namespace camtap::source
