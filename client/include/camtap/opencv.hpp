// Frames as cv::Mat, and cv::Mat as frames. Header-only, so that libcamtap itself links no OpenCV.
#ifndef CAMTAP_OPENCV_HPP
#define CAMTAP_OPENCV_HPP

#include <camtap/camtap.hpp>
#include <opencv2/core.hpp>

namespace camtap {

// The cv::Mat type of an image. Matrices of every depth and channel count fit; so does each named format.
inline int mat_type(const camtap_image& image) noexcept {
    return CV_MAKETYPE(image.depth, image.channels);
}

// A view of the frame without a copy, valid while `frame` lives. The pixels are mapped read-only: drawing on
// them is a fault (SIGSEGV), which `const` can only hint at, because copies of a cv::Mat share its pixels. To
// draw:
//     cv::Mat mine = camtap::mat(frame).clone();    // or frame.copy_to(mine), which uses mine's memory again
inline const cv::Mat mat(const Frame& frame) {
    const camtap_image& image = frame.image();
    return cv::Mat(static_cast<int>(image.height), static_cast<int>(image.width), mat_type(image),
                   const_cast<void*>(frame.data()), static_cast<size_t>(image.stride));
}
const cv::Mat mat(Frame&&) = delete;
const cv::Mat mat(const Frame&&) = delete;

// What frame.copy_to(destination) does.
inline void copy_frame(const Frame& frame, cv::Mat& destination) {
    mat(frame).copyTo(destination);
}

// How a matrix is described; its fourcc is the usual meaning of its type (bgr8, bgra8, gray8, gray16, else
// none).
inline camtap_image describe(const cv::Mat& m) {
    if (m.dims > 2) throw Error(CAMTAP_ERROR_INVALID, "a cv::Mat of more than 2 dimensions is not a frame");
    camtap_image image = CAMTAP_INIT(camtap_image);
    image.width = static_cast<uint32_t>(m.cols);
    image.height = static_cast<uint32_t>(m.rows);
    image.depth = static_cast<uint16_t>(m.depth());
    image.channels = static_cast<uint16_t>(m.channels());
    image.stride = m.elemSize() * static_cast<size_t>(m.cols);  // packed: how publish() stores it
    image.bytes = image.stride * image.height;
    switch (m.type()) {
        case CV_8UC3:
            image.fourcc = CAMTAP_FOURCC_BGR8;
            break;
        case CV_8UC4:
            image.fourcc = CAMTAP_FOURCC_BGRA8;
            break;
        case CV_8UC1:
            image.fourcc = CAMTAP_FOURCC_GRAY8;
            break;
        case CV_16UC1:
            image.fourcc = CAMTAP_FOURCC_GRAY16;
            break;
        default:
            image.fourcc = CAMTAP_FOURCC_NONE;
    }
    return image;
}

// A matrix that lies on a slot: decode or draw into it, check that its data pointer is still slot.data(),
// publish.
inline cv::Mat mat(const Slot& slot, const camtap_image& image) {
    return cv::Mat(static_cast<int>(image.height), static_cast<int>(image.width), mat_type(image),
                   slot.data(), static_cast<size_t>(image.stride));
}

// What publisher.publish(m) does, with the time at which the picture was taken if it wasn't now.
inline uint64_t publish_copy(Publisher& publisher, const cv::Mat& m, int64_t capture_ns = 0,
                             std::chrono::nanoseconds timeout = std::chrono::seconds(5)) {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.image = describe(m);
    info.capture_ns = capture_ns;
    info.capture_origin = CAMTAP_ORIGIN_PUBLISHER;
    info.source_sequence = UINT64_MAX;
    Slot slot = publisher.acquire(info.image.bytes, timeout);
    m.copyTo(mat(slot, info.image));
    publisher.count(CAMTAP_COUNT_COPY);
    return publisher.publish(std::move(slot), info);
}

}  // namespace camtap

#endif
