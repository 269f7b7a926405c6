// What the header of an image file says, read without decoding: so that a picture that would not fit is
// refused before a decoder allocates memory for it, and one that does is decoded straight into a slot of the
// right size.
//
// Knows JPEG, PNG, BMP, TIFF, PNM, WebP. Anything else is refused: a decoder that we can't look ahead of is
// not given files from outside. Files that are visibly cut off are refused too, because decoders are of
// different minds about them: OpenCV's JPEG reader returns success and leaves the missing rows as they were,
// with the remains of another frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/result.h"

namespace camtap::source {

struct ImageHeader {
    std::string_view format;  // "JPEG", …
    uint64_t width = 0;       // as it says, which may be absurd
    uint64_t height = 0;
    // What cv::imdecode(IMREAD_UNCHANGED) makes of it. Only a guess for rare kinds: then the frame costs a
    // copy.
    uint16_t depth_bits = 8;
    uint16_t channels = 3;

    uint64_t pixels() const { return width * height; }  // both below 2^32
};

// Errors: invalid; the text goes on after the file's name ("is not …", "is cut off …").
Result<ImageHeader> read_image_header(std::span<const uint8_t> file);

}  // namespace camtap::source
