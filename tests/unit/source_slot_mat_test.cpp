#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>
#include <vector>

#include "daemon/source/slot_mat.h"

namespace camtap::source {
namespace {

TEST(SlotMat, takes_the_slots_memory_for_whatever_fits) {
    std::vector<uint8_t> slot(1000, 7);
    SlotMat target({slot.data(), slot.size()});
    EXPECT_TRUE(target.mat().empty());
    target.mat().create(10, 10, CV_8UC3);
    EXPECT_EQ(target.mat().data, slot.data());
    target.mat().create(25, 20, CV_16UC1);  // exactly
    EXPECT_EQ(target.mat().data, slot.data());
    EXPECT_EQ(target.mat().step[0], 40u);
}

TEST(SlotMat, gives_ordinary_memory_for_what_does_not_fit) {
    std::vector<uint8_t> slot(1000, 7);
    SlotMat target({slot.data(), slot.size()});
    target.mat().create(1001, 1, CV_8UC1);
    EXPECT_NE(target.mat().data, slot.data());
    target.mat().setTo(3);
    EXPECT_EQ(slot, std::vector<uint8_t>(1000, 7));
    Frame frame;
    settle(target.mat(), {slot.data(), slot.size()}, frame);
    EXPECT_EQ(frame.kind, Frame::Kind::larger);
    EXPECT_EQ(frame.image.bytes, 1001u);
}

TEST(SlotMat, two_pictures_never_share_the_slot) {
    std::vector<uint8_t> slot(1000, 7);
    SlotMat target({slot.data(), slot.size()});
    target.mat().create(10, 10, CV_8UC1);
    cv::Mat second;
    second.allocator = target.mat().allocator;
    second.create(10, 10, CV_8UC1);
    EXPECT_NE(second.data, slot.data());
    second.release();
    second.allocator = nullptr;
}

TEST(Settle, a_matrix_with_gaps_between_its_rows_is_stored_packed) {
    cv::Mat whole(20, 30, CV_8UC3);
    for (int i = 0; i < whole.rows; ++i) {
        for (int j = 0; j < whole.cols; ++j) {
            whole.at<cv::Vec3b>(i, j) =
                cv::Vec3b(static_cast<uchar>(i), static_cast<uchar>(j), static_cast<uchar>(i ^ j));
        }
    }
    const cv::Mat region = whole(cv::Rect(5, 6, 11, 7));
    ASSERT_FALSE(region.isContinuous());
    std::vector<uint8_t> slot(11 * 7 * 3, 0);
    Frame frame;
    settle(region, {slot.data(), slot.size()}, frame);
    EXPECT_EQ(frame.kind, Frame::Kind::whole);
    EXPECT_EQ(frame.copies, 1u);
    EXPECT_EQ(frame.image.stride, 33u);
    EXPECT_EQ(frame.image.bytes, slot.size());
    const cv::Mat stored(7, 11, CV_8UC3, slot.data());
    EXPECT_EQ(cv::norm(stored, region, cv::NORM_INF), 0);
}

TEST(Settle, an_empty_matrix_is_no_frame) {
    Frame frame;
    settle(cv::Mat(), {nullptr, 0}, frame);
    EXPECT_EQ(frame.kind, Frame::Kind::lost);
    EXPECT_FALSE(frame.text.empty());
}

TEST(PackedImage, every_matrix_type_has_a_description) {
    EXPECT_EQ(packed_image(4, 3, CV_8UC3).fourcc, CAMTAP_FOURCC_BGR8);
    EXPECT_EQ(packed_image(4, 3, CV_8UC1).fourcc, CAMTAP_FOURCC_GRAY8);
    EXPECT_EQ(packed_image(4, 3, CV_8UC4).fourcc, CAMTAP_FOURCC_BGRA8);
    EXPECT_EQ(packed_image(4, 3, CV_16UC1).fourcc, CAMTAP_FOURCC_GRAY16);
    const camtap_image plain = packed_image(4, 3, CV_16UC3);
    EXPECT_EQ(plain.fourcc, CAMTAP_FOURCC_NONE);
    EXPECT_EQ(plain.depth, CAMTAP_U16);
    EXPECT_EQ(plain.channels, 3);
    EXPECT_EQ(plain.stride, 24u);
    EXPECT_EQ(plain.bytes, 72u);
}

}  // namespace
}  // namespace camtap::source
