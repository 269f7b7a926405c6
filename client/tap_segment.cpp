#include "client/tap_segment.h"

namespace camtap::client {

Result<std::shared_ptr<const TapSegment>> TapSegment::open(ProcessMark mark, const SegmentTerms& terms,
                                                           const UniqueFd& memory) {
    if (!terms.geometry.valid() || terms.first == 0) {
        return Error{Code::protocol, 0, "camtapd announced a segment with an impossible geometry"};
    }
    Result<Mapping> mapping =
        Mapping::map(memory.get(), terms.geometry.segment_bytes(), Mapping::Access::read_only);
    if (!mapping.ok()) return mapping.error();
    return std::make_shared<const TapSegment>(LocalMapping(mark, std::move(*mapping)), terms);
}

TapSegment::TapSegment(LocalMapping mapping, const SegmentTerms& terms)
    : view_{mapping.data(), terms.geometry}, terms_(terms), mapping_(std::move(mapping)) {}

layout::FrameRecord TapSegment::record(uint32_t slot) const {
    return layout::load_record(view_.slot(slot).record);
}

}  // namespace camtap::client
