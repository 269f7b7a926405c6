#include "client/writable_segment.h"

#include <algorithm>

#include "common/futex.h"
#include "common/pins.h"

namespace camtap::client {

WritableSegment::WritableSegment(LocalMapping mapping, uint32_t generation, const layout::Geometry& geometry,
                                 uint32_t depth, uint64_t first)
    : mapping_(std::move(mapping)),
      generation_(generation),
      view_{mapping_.data(), geometry},
      depth_(depth),
      first_(first),
      next_(first),
      hands_(geometry.slot_count, Hand::away),
      backed_(geometry.slot_count, 0) {
    unused_.reserve(layout::kMaxStock);  // so that giving a slot back takes no memory
}

bool WritableSegment::grant(const uint32_t* slots, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        if (slots[i] >= hands_.size() || hands_[slots[i]] != Hand::away) return false;
        hands_[slots[i]] = Hand::unused;
        unused_.push_back(slots[i]);
    }
    return true;
}

Status WritableSegment::back(uint32_t slot, uint64_t bytes) {
    uint64_t& backed = backed_[slot];
    if (bytes <= backed) return Done{};
    uint64_t wanted = layout::round_up(bytes, layout::kPage);
    // a last huge page, if that takes little more memory
    const uint64_t wider = layout::round_up(bytes, layout::kHugePage);
    if (wider <= view_.geometry.slot_bytes && wider - bytes <= bytes / 16) wanted = wider;
    if (Status status = back_with_memory(view_.payload(slot) + backed, wanted - backed); !status.ok())
        return status;
    backed = wanted;
    return Done{};
}

// Of those with memory behind them, else of all, the one granted last: it is still in the cache.
size_t WritableSegment::best_unused(uint64_t bytes) const {
    for (size_t i = unused_.size(); i-- > 0;) {
        if (backed_[unused_[i]] >= bytes) return i;
    }
    return unused_.size() - 1;
}

Result<std::optional<camtap_slot>> WritableSegment::take(uint64_t bytes) {
    if (unused_.empty()) return std::optional<camtap_slot>();
    const size_t best = best_unused(bytes);
    const uint32_t slot = unused_[best];
    if (Status status = back(slot, bytes); !status.ok()) return status.error();
    unused_.erase(unused_.begin() + static_cast<std::ptrdiff_t>(best));
    hands_[slot] = Hand::held;
    ++held_;
    return std::optional(
        camtap_slot{sizeof(camtap_slot), slot, generation_, 0, view_.payload(slot), backed_[slot]});
}

void WritableSegment::prepare(uint64_t bytes) {
    const bool needs_another = next_ - first_ <= depth_;
    if (needs_another && !unused_.empty()) (void)back(unused_[best_unused(bytes)], bytes);
}

bool WritableSegment::holds(const camtap_slot& slot) const {
    return slot.index < hands_.size() && slot.generation == generation_ && hands_[slot.index] == Hand::held &&
           slot.data == view_.payload(slot.index);
}

void WritableSegment::put_back(const camtap_slot& slot) {
    hands_[slot.index] = Hand::unused;
    unused_.push_back(slot.index);
    --held_;
}

void WritableSegment::forget(const camtap_slot& slot) {
    hands_[slot.index] = Hand::away;
    --held_;
}

uint64_t WritableSegment::publish(const camtap_slot& slot, const layout::FrameRecord& record) {
    layout::SlotDescriptor& descriptor = view_.slot(slot.index);
    const uint64_t n = next_++;
    descriptor.record = record;
    pins::publish(descriptor.sequence, view_.index(n), slot.index, view_.header().head, n);
    view_.header().wake.fetch_add(1);  // the daemon bumps it too
    futex_wake_all(view_.header().wake);
    forget(slot);
    return n;
}

bool WritableSegment::armed() const {
    return pins::armed(view_.header().armed);
}

void WritableSegment::show(const layout::Counters& counters, uint64_t copies) {
    layout::SegmentHeader& header = view_.header();
    header.captured.store(counters.captured, std::memory_order_relaxed);
    header.source_gap.store(counters.source_gap, std::memory_order_relaxed);
    header.decode_error.store(counters.decode_error, std::memory_order_relaxed);
    header.no_slot.store(counters.no_slot, std::memory_order_relaxed);
    header.copies.store(copies, std::memory_order_relaxed);
}

}  // namespace camtap::client
