// Does an image fit its slot? The one check that publishers' words go through, before publishing and when
// reading.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "camtap/camtap.h"

namespace camtap::client {

// Bytes of one element; 0: no such depth.
size_t depth_bytes(uint32_t depth);

// Bytes from the first to the last one of the image; empty when its fields contradict each other or overflow.
std::optional<uint64_t> extent_bytes(const camtap_image& image);

// Empty if the image, `bytes` included, lies within `capacity` bytes and can be had as a matrix; else what is
// wrong. Never overflows, whatever the fields hold.
[[gnu::hot]] std::string_view image_fault(const camtap_image& image, uint64_t capacity);
// Its two halves: whether the rows can be had as a matrix, and if so, what extent_bytes() says; and whether they lie
// within `bytes`, and these within `capacity`.
[[gnu::hot]] std::string_view rows_fault(const camtap_image& image, uint64_t& extent);
[[gnu::hot]] std::string_view size_fault(uint64_t bytes, uint64_t extent, uint64_t capacity);

}  // namespace camtap::client
