#include "daemon/source/slot_mat.h"

#include <memory>

namespace camtap::source {

namespace {

uint32_t usual_fourcc(int mat_type) {
    switch (mat_type) {
        case CV_8UC3:
            return CAMTAP_FOURCC_BGR8;
        case CV_8UC4:
            return CAMTAP_FOURCC_BGRA8;
        case CV_8UC1:
            return CAMTAP_FOURCC_GRAY8;
        case CV_16UC1:
            return CAMTAP_FOURCC_GRAY16;
        default:
            return CAMTAP_FOURCC_NONE;
    }
}

}  // namespace

camtap_image packed_image(int width, int height, int mat_type) {
    camtap_image image = CAMTAP_INIT(camtap_image);
    image.width = static_cast<uint32_t>(width);
    image.height = static_cast<uint32_t>(height);
    image.depth = static_cast<uint16_t>(CV_MAT_DEPTH(mat_type));
    image.channels = static_cast<uint16_t>(CV_MAT_CN(mat_type));
    image.fourcc = usual_fourcc(mat_type);
    image.stride = uint64_t{image.width} * static_cast<uint64_t>(CV_ELEM_SIZE(mat_type));
    image.bytes = image.stride * image.height;
    return image;
}

cv::UMatData* SlotAllocator::allocate(int dims, const int* sizes, int type, void* data, size_t* steps,
                                      cv::AccessFlag access, cv::UMatUsageFlags usage) const {
    size_t bytes = static_cast<size_t>(CV_ELEM_SIZE(type));
    if (data == nullptr && steps != nullptr) {
        for (int i = dims - 1; i >= 0; --i) {
            steps[i] = bytes;
            bytes *= static_cast<size_t>(sizes[i]);
        }
    }
    if (data != nullptr || steps == nullptr || taken_ || bytes > target_.capacity) {
        return cv::Mat::getDefaultAllocator()->allocate(dims, sizes, type, data, steps, access, usage);
    }
    auto memory = std::make_unique<cv::UMatData>(this);
    memory->data = memory->origdata = static_cast<uchar*>(target_.data);
    memory->size = bytes;
    memory->flags |= cv::UMatData::USER_ALLOCATED;
    taken_ = true;
    return memory.release();
}

bool SlotAllocator::allocate(cv::UMatData* memory, cv::AccessFlag, cv::UMatUsageFlags) const {
    return memory != nullptr;
}

void SlotAllocator::deallocate(cv::UMatData* memory) const {
    taken_ = false;
    delete memory;
}

void settle(const cv::Mat& decoded, const Target& target, Frame& frame) {
    if (decoded.empty() || decoded.dims != 2) {
        frame.kind = Frame::Kind::lost;
        frame.text = "the decoder made no picture of it";
        return;
    }
    frame.image = packed_image(decoded.cols, decoded.rows, decoded.type());
    if (frame.image.bytes > target.capacity) {
        frame.kind = Frame::Kind::larger;
        return;
    }
    frame.kind = Frame::Kind::whole;
    if (decoded.data == target.data && decoded.isContinuous()) return;
    decoded.copyTo(cv::Mat(decoded.rows, decoded.cols, decoded.type(), target.data));
    frame.copies += 1;
}

}  // namespace camtap::source
