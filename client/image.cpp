#include "client/image.h"

#include <algorithm>
#include <limits>

namespace camtap::client {

constexpr uint32_t kMaxSide = std::numeric_limits<int32_t>::max();  // cv::Mat counts rows and columns in ints
constexpr uint16_t kMaxChannels = 512;                              // CV_CN_MAX

constexpr std::string_view kMoreBytes = "its rows take more bytes than it says";

// A power of two; 0: no depth that we know.
size_t depth_bytes(uint32_t depth) {
    constexpr uint32_t kBytes = 0x2844'2211;  // one hexadecimal digit each, the first depth's the last
    return depth < 8 ? kBytes >> 4 * depth & 0xf : 0;
}

// At most 2^31 × 2^9 × 2^3: no overflow once the fields are in range. 0: they aren't.
[[gnu::hot]] static inline uint64_t row_bytes(const camtap_image& image) {
    const bool in_range = image.width >= 1 && image.width <= kMaxSide && image.height >= 1 &&
                          image.height <= kMaxSide && image.channels >= 1 && image.channels <= kMaxChannels;
    return in_range ? uint64_t{image.width} * image.channels * depth_bytes(image.depth) : 0;
}

// From the first to the last element of rows of `row` bytes.
[[gnu::hot]] static inline std::optional<uint64_t> extent_of_rows(const camtap_image& image, uint64_t row) {
    uint64_t rows_before = 0;
    uint64_t extent = 0;
    if (__builtin_mul_overflow(uint64_t{image.height} - 1, image.stride, &rows_before)) return std::nullopt;
    if (__builtin_add_overflow(rows_before, row, &extent)) return std::nullopt;
    return extent;
}

std::optional<uint64_t> extent_bytes(const camtap_image& image) {
    const uint64_t row = row_bytes(image);
    if (row == 0 || image.stride < row) return std::nullopt;
    return extent_of_rows(image, row);
}

std::string_view rows_fault(const camtap_image& image, uint64_t& extent) {
    const size_t element = depth_bytes(image.depth);
    if (element == 0) return "its depth is none of CAMTAP_U8 … CAMTAP_F16";
    const uint64_t row = row_bytes(image);
    if (row == 0) return "width and height must be 1 … 2147483647, channels 1 … 512";
    if (image.stride < row) return "its stride is shorter than a row";
    if ((image.stride & (element - 1)) != 0) return "its stride is not a multiple of the element size";
    const std::optional<uint64_t> rows = extent_of_rows(image, row);
    if (!rows) return kMoreBytes;
    extent = *rows;
    return {};
}

std::string_view size_fault(uint64_t bytes, uint64_t extent, uint64_t capacity) {
    if (bytes < extent) return kMoreBytes;
    if (bytes > capacity) return "it is larger than its slot";
    return {};
}

std::string_view image_fault(const camtap_image& image, uint64_t capacity) {
    uint64_t extent = 0;
    const std::string_view fault = rows_fault(image, extent);
    return fault.empty() ? size_fault(image.bytes, extent, capacity) : fault;
}

}  // namespace camtap::client
