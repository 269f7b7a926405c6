// The check that every image goes through which a publisher describes, and what is done with those that pass
// it: the rows of an image that is accepted lie inside its slot, copies of it inside their destinations.
#include "client/image.h"

#include <memory>
#include <vector>

#include "camtap/camtap.h"
#include "client/frame.h"
#include "common/check.h"
#include "tests/fuzz/image_as_matrix.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/touch.h"

namespace camtap::fuzz {
namespace {

constexpr uint64_t kMostBytes = 1 << 14;  // of a slot, so that an execution takes microseconds

// Of the magnitudes that fit a slot, or any.
camtap_image take_image(Input& input) {
    camtap_image image = CAMTAP_INIT(camtap_image);
    image.width = input.about<uint32_t>(input.take<uint8_t>());
    image.height = input.about<uint32_t>(input.take<uint8_t>());
    image.fourcc = input.about<uint32_t>(CAMTAP_FOURCC_BGR8);
    image.depth = input.about<uint16_t>(input.take<uint8_t>() % 8);
    image.channels = input.about<uint16_t>(1 + input.take<uint8_t>() % 4);
    const uint64_t row = uint64_t{image.width} * image.channels * client::depth_bytes(image.depth);
    image.stride = input.about<uint64_t>(row);
    if (input.flag()) image.stride += input.take<uint16_t>();
    image.bytes = input.about<uint64_t>((uint64_t{image.height} - 1) * image.stride + row);
    return image;
}

// A frame that no tap handed out: nothing is pinned, nothing mapped.
client::FramePtr frame_of(const camtap_image& image, const std::byte* data) {
    camtap_frame_info info = CAMTAP_INIT(camtap_frame_info);
    info.image = image;
    return client::FramePtr(new camtap_frame{info, data, *client::ProcessMark::current(), {}});
}

void touch_rows(const camtap_image& image, const std::byte* data) {
    const uint64_t row = uint64_t{image.width} * image.channels * client::depth_bytes(image.depth);
    CAMTAP_CHECK(row > 0 && image.stride >= row);
    for (uint64_t y = 0; y < image.height; ++y) touch(data + y * image.stride, row);
}

// Into memory of just the size that the caller says.
void copy(const camtap_frame& frame, Input& input) {
    const camtap_image& image = frame.info.image;
    const uint64_t row = uint64_t{image.width} * image.channels * client::depth_bytes(image.depth);
    const uint64_t stride = input.about(input.flag() ? row : image.stride);
    const uint64_t bytes = input.about((uint64_t{image.height} - 1) * (stride == 0 ? row : stride) + row);
    if (bytes > 8 * kMostBytes) return;
    const auto destination = std::make_unique<std::byte[]>(bytes);
    const camtap_error error = camtap_frame_copy(&frame, destination.get(), bytes, stride);
    CAMTAP_CHECK(error == CAMTAP_OK || error == CAMTAP_ERROR_TOO_BIG || error == CAMTAP_ERROR_INVALID);
    if (error == CAMTAP_OK) {
        const uint64_t step = stride == 0 ? row : stride;
        const uint64_t last = uint64_t{image.height} - 1;
        CAMTAP_CHECK(last * step + row <= bytes);
        CAMTAP_CHECK(std::memcmp(destination.get() + last * step, frame.data + last * image.stride, row) ==
                     0);
    }
}

void name(const camtap_image& image, Input& input) {
    const size_t bytes = 16 + input.below(16);
    const auto text = std::make_unique<char[]>(bytes);
    camtap_format_name(&image, text.get(), bytes);
    CAMTAP_CHECK(std::memchr(text.get(), 0, bytes) != nullptr);
}

void look_at(Input& input) {
    const camtap_image image = take_image(input);
    const uint64_t capacity = input.about<uint64_t>(image.bytes);
    name(image, input);
    const bool accepted = client::image_fault(image, capacity).empty();
    const std::optional<uint64_t> extent = client::extent_bytes(image);
    if (extent) CAMTAP_CHECK(*extent >= image.stride * (uint64_t{image.height} - 1));
    if (!accepted) return;
    CAMTAP_CHECK(extent && *extent <= image.bytes && image.bytes <= capacity);
    if (image.bytes > kMostBytes) return;
    // No byte more than the slot would have, so that the sanitizer sees every step beyond it
    const auto slot = std::make_unique<std::byte[]>(image.bytes);
    input.fill(slot.get(), image.bytes);
    touch_rows(image, slot.get());
    client::FramePtr frame = frame_of(image, slot.get());
    copy(*frame, input);
    look_as_matrix(frame.release());
}

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    camtap::fuzz::Input input(data, bytes);
    while (!input.used_up()) camtap::fuzz::look_at(input);
    return 0;
}
