#include "client/frame.h"

#include <cstring>

#include "client/image.h"

namespace camtap::client {

void EndFrame::operator()(camtap_frame* frame) const {
    Pinned& pinned = frame->pinned;
    if (pinned.pin.clear()) {
        pinned.unbind();
        frame->data = nullptr;
        if (pinned.pin.session().keep(frame)) return;  // it may be in use again by now
    }
    delete frame;
}

std::string_view describe(const Pinned& pinned, camtap_frame_info& info, layout::Counters& counters) {
    const layout::FrameRecord record = pinned.segment->record(pinned.slot);
    info.size = sizeof info;
    // numbers beyond those of this version mean nothing to the caller
    info.capture_origin = record.capture_origin <= CAMTAP_ORIGIN_PUBLISHER
                              ? record.capture_origin
                              : static_cast<uint32_t>(CAMTAP_ORIGIN_UNKNOWN);
    info.sequence = pinned.sequence;
    info.capture_ns = record.capture_ns;
    info.publish_ns = record.publish_ns;
    info.source_sequence = record.source_sequence;
    info.image = camtap_image{
        sizeof(camtap_image), record.width, record.height, record.fourcc, record.depth, record.channels, 0,
        record.stride,        record.bytes};
    counters = record.counters;
    return image_fault(info.image, pinned.segment->slot_bytes());
}

Status copy_rows(const camtap_frame& frame, void* destination, size_t destination_bytes,
                 size_t destination_stride) {
    if (!frame.mark.here()) return forked_error("frame");
    const camtap_image& image = frame.info.image;
    const size_t row = size_t{image.width} * image.channels * depth_bytes(image.depth);
    camtap_image target = image;
    target.stride = destination_stride == 0 ? row : destination_stride;
    if (target.stride < row) {
        return Error{Code::invalid, 0,
                     "a row has " + std::to_string(row) + " bytes, the destination's stride is only " +
                         std::to_string(target.stride)};
    }
    const std::optional<uint64_t> needed = extent_bytes(target);
    if (!needed || *needed > destination_bytes) {
        return Error{Code::too_big, 0,
                     "the frame takes " + (needed ? std::to_string(*needed) : std::string("too many")) +
                         " bytes, the destination has " + std::to_string(destination_bytes)};
    }
    auto* to = static_cast<std::byte*>(destination);
    if (target.stride == image.stride) {
        std::memcpy(to, frame.data, *needed);
        return Done{};
    }
    for (size_t y = 0; y < image.height; ++y) {
        std::memcpy(to + y * target.stride, frame.data + y * image.stride, row);
    }
    return Done{};
}

}  // namespace camtap::client
