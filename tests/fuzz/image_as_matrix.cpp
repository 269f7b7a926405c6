#include "tests/fuzz/image_as_matrix.h"

#include <camtap/camtap.hpp>
#include <camtap/opencv.hpp>
#include <cstdint>
#include <cstring>

#include "common/check.h"
#include "tests/fuzz/touch.h"

namespace camtap::fuzz {

static void touch_rows(const cv::Mat& m, const uint8_t* begin, uint64_t bytes) {
    const size_t row_bytes = static_cast<size_t>(m.cols) * m.elemSize();
    for (int y = 0; y < m.rows; ++y) {
        const uint8_t* row = m.ptr<uint8_t>(y);
        CAMTAP_CHECK(row >= begin && static_cast<uint64_t>(row - begin) + row_bytes <= bytes);
        touch(row, row_bytes);
    }
}

static void expect_same(const cv::Mat& a, const cv::Mat& b) {
    CAMTAP_CHECK(a.rows == b.rows && a.cols == b.cols && a.type() == b.type());
    const size_t row_bytes = static_cast<size_t>(a.cols) * a.elemSize();
    for (int y = 0; y < a.rows; ++y) CAMTAP_CHECK(std::memcmp(a.ptr(y), b.ptr(y), row_bytes) == 0);
}

void look_as_matrix(camtap_frame* handle) {
    const Frame frame(handle);
    const camtap_image& image = frame.image();
    const cv::Mat m = mat(frame);
    CAMTAP_CHECK(static_cast<uint32_t>(m.rows) == image.height &&
                 static_cast<uint32_t>(m.cols) == image.width);
    CAMTAP_CHECK(m.depth() == image.depth && m.channels() == image.channels);
    touch_rows(m, static_cast<const uint8_t*>(frame.data()), image.bytes);
    cv::Mat mine;
    frame.copy_to(mine);
    expect_same(m, mine);
    const camtap_image described = describe(mine);
    CAMTAP_CHECK(described.width == image.width && described.height == image.height);
    CAMTAP_CHECK(described.depth == image.depth && described.channels == image.channels);
    CAMTAP_CHECK(described.bytes == mine.total() * mine.elemSize());
}

}  // namespace camtap::fuzz
