// What has to hold for every frame that a tap hands out, whoever published it.
#pragma once

#include "client/frame.h"
#include "client/image.h"
#include "common/check.h"
#include "tests/fuzz/touch.h"

namespace camtap::fuzz {

// It lies in its slot, the slot in its segment, it is pinned, and all of it can be read.
inline void check_frame(const camtap_frame& frame) {
    const client::Pinned& pinned = frame.pinned;
    const client::SegmentTerms& terms = pinned.segment->terms();
    CAMTAP_CHECK(pinned.slot < terms.geometry.slot_count);
    CAMTAP_CHECK(frame.data == pinned.segment->payload(pinned.slot));
    CAMTAP_CHECK(pinned.pin.word().load() == layout::pin_value(terms.generation, pinned.slot));
    CAMTAP_CHECK(frame.info.sequence == pinned.sequence && frame.info.sequence >= terms.first);
    CAMTAP_CHECK(frame.info.capture_origin <= CAMTAP_ORIGIN_PUBLISHER);
    const camtap_image& image = frame.info.image;
    CAMTAP_CHECK(image.bytes <= terms.geometry.slot_bytes);
    const std::optional<uint64_t> extent = client::extent_bytes(image);
    CAMTAP_CHECK(extent && *extent <= image.bytes);
    touch(frame.data, image.bytes);
}

inline uint64_t sum_of(const camtap_missed& m) {
    return m.source_gap + m.decode_error + m.no_slot + m.too_slow + m.skipped + m.restart;
}

}  // namespace camtap::fuzz
