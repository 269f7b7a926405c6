#include "client/writable_segment.h"

#include "common/futex.h"
#include "common/pins.h"

namespace camtap::client {

WritableSegment::WritableSegment(LocalMapping mapping, uint32_t generation, const layout::Geometry& geometry,
                                 uint32_t depth, uint64_t first, uint64_t through)
    : mapping_(std::move(mapping)),
      generation_(generation),
      view_{mapping_.data(), geometry},
      depth_(depth),
      first_(first),
      through_(through),
      pool_(view_, generation, first, depth),
      backed_(geometry.slot_count, 0) {}

uint64_t WritableSegment::newest_seating() const {
    return pins::newest_seating(view_.header().seating);
}

uint64_t WritableSegment::numbers_left() const {
    const uint64_t spoken_for = pool_.next() - 1 + pool_.held();
    return through_ > spoken_for ? through_ - spoken_for : 0;
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

// Of those with memory behind them, else of all, the one freed last: it is still in the cache.
size_t WritableSegment::best_free(uint64_t bytes) const {
    const std::span<const uint32_t> free = pool_.free();
    for (size_t i = free.size(); i-- > 0;) {
        if (backed_[free[i]] >= bytes) return i;
    }
    return free.size() - 1;
}

Result<std::optional<camtap_slot>> WritableSegment::take(uint64_t bytes, bool warm) {
    const std::optional<camtap_slot> none;
    if (pool_.free().empty()) return none;
    const size_t best = best_free(bytes);
    const uint32_t slot = pool_.free()[best];
    if (warm && backed_[slot] < bytes) return none;
    if (Status status = back(slot, bytes); !status.ok()) return status.error();
    (void)pool_.take(best);
    return std::optional(
        camtap_slot{sizeof(camtap_slot), slot, generation_, 0, view_.payload(slot), backed_[slot]});
}

void WritableSegment::prepare(uint64_t bytes) {
    const bool needs_another = pool_.next() - first_ <= depth_;
    if (needs_another && !pool_.free().empty()) (void)back(pool_.free()[best_free(bytes)], bytes);
}

uint64_t WritableSegment::publish(const camtap_slot& slot) {
    const uint64_t n = pool_.publish(slot.index);
    view_.header().wake.fetch_add(1);  // the daemon bumps it too
    futex_wake_all(view_.header().wake);
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
