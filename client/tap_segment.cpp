#include "client/tap_segment.h"

#include "common/pins.h"

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
    : mapping_(std::move(mapping)), terms_(terms), view_{mapping_.data(), terms_.geometry} {}

bool TapSegment::try_pin(layout::Word64& pin_word, uint64_t n, uint32_t& slot) const {
    if (n == 0) return false;  // a retired slot says 0
    const uint32_t s = view_.index(n).load(std::memory_order_acquire);
    if (s >= terms_.geometry.slot_count) return false;
    if (!pins::try_pin(pin_word, layout::pin_value(terms_.generation, s), view_.slot(s).sequence, n))
        return false;
    slot = s;
    return true;
}

layout::FrameRecord TapSegment::record(uint32_t slot) const {
    return layout::load_record(view_.slot(slot).record);
}

}  // namespace camtap::client
