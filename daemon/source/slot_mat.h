// A matrix whose memory is the slot: hand it to a decoder, and the picture is where it must go.
//
// Not a header that lies on the slot from the beginning: decoders that fail early leave their argument as it
// was, and cv::imdecode then returns it as if it were the picture (seen with OpenCV 4.6 and garbage). This
// one begins empty, and takes the slot's memory when the decoder asks for some; so it is empty after every
// failure, and any size and type that fits needs no copy.
#pragma once

#include <camtap/camtap.h>

#include <opencv2/core.hpp>

#include "daemon/source/source.h"

namespace camtap::source {

// A packed image. Its fourcc is the usual meaning of the type; other types are plain matrices.
camtap_image packed_image(int width, int height, int mat_type);

// Owns: nothing of the slot. Invariant: one matrix at a time lies on the slot; what comes besides it, or does
// not fit, gets ordinary memory. Must outlive its matrices.
class SlotAllocator final : public cv::MatAllocator {
  public:
    explicit SlotAllocator(const Target& target) : target_(target) {}

    cv::UMatData* allocate(int dims, const int* sizes, int type, void* data, size_t* steps,
                           cv::AccessFlag access, cv::UMatUsageFlags usage) const override;
    bool allocate(cv::UMatData* memory, cv::AccessFlag access, cv::UMatUsageFlags usage) const override;
    void deallocate(cv::UMatData* memory) const override;

  private:
    Target target_;
    mutable bool taken_ = false;  // OpenCV's interface is const throughout
};

// Owns: the matrix and its allocator. Not movable: the matrix points at the allocator.
class SlotMat {
  public:
    explicit SlotMat(const Target& target) : allocator_(target) { mat_.allocator = &allocator_; }
    SlotMat(const SlotMat&) = delete;
    SlotMat& operator=(const SlotMat&) = delete;

    cv::Mat& mat() { return mat_; }

  private:
    SlotAllocator allocator_;
    cv::Mat mat_;  // destroyed first
};

// Brings a decoded picture to its place. If it lies on the slot already, nothing is to be done; else it is
// copied, row by row, which counts as a copy, or a larger slot is asked for. Sets kind, image, text and
// copies of `frame`.
void settle(const cv::Mat& decoded, const Target& target, Frame& frame);

}  // namespace camtap::source
