#include "client/slot_pool.h"

#include <algorithm>

#include "common/check.h"
#include "common/pins.h"

namespace camtap::client {

SlotPool::SlotPool(layout::SegmentView view, uint32_t generation, uint64_t first, uint32_t depth)
    : view_(view),
      generation_(generation),
      depth_(depth),
      next_(first),
      hands_(view.geometry.slot_count, Hand::free),
      visible_(view.geometry.slot_count),
      pinned_(view.geometry.slot_count) {
    free_.reserve(view.geometry.slot_count);
    retired_.reserve(view.geometry.slot_count);
    for (uint32_t s = view.geometry.slot_count; s-- > 0;) free_.push_back(s);  // slot 0 first
}

uint32_t SlotPool::take(size_t i) {
    CAMTAP_CHECK(i < free_.size());
    const uint32_t slot = free_[i];
    free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(i));
    hands_[slot] = Hand::held;
    ++held_;
    return slot;
}

void SlotPool::give_back(uint32_t slot) {
    CAMTAP_CHECK(holds(slot));
    hands_[slot] = Hand::free;
    --held_;
    free_.push_back(slot);
}

uint64_t SlotPool::publish(uint32_t slot) {
    CAMTAP_CHECK(holds(slot));
    const uint64_t n = next_++;
    pins::publish(view_.slot(slot).sequence, view_.index(n), slot, view_.header().head, n);
    hands_[slot] = Hand::visible;
    --held_;
    visible_[(visible_begin_ + visible_count_) % visible_.size()] = slot;
    ++visible_count_;
    return n;
}

void SlotPool::retire_old_frames() {
    while (visible_count_ > depth_) {
        const uint32_t s = visible_[visible_begin_];
        visible_begin_ = (visible_begin_ + 1) % visible_.size();
        --visible_count_;
        pins::retire(view_.slot(s).sequence);
        hands_[s] = Hand::retired;
        retired_.push_back(s);
    }
}

// One snapshot of all pins, after all retiring stores: see pins.h for why the order and the "one" matter.
void SlotPool::free_unpinned(std::span<const PinWords> pins) {
    if (retired_.empty()) return;
    std::fill(pinned_.begin(), pinned_.end(), false);
    for (const PinWords& words : pins) {
        for (const layout::Word64& word : words) {
            const uint64_t pin = pins::snapshot(word);
            const uint64_t slot_plus_one = pin & 0xffff'ffff;
            if (pin >> 32 == generation_ && slot_plus_one >= 1 && slot_plus_one <= pinned_.size()) {
                pinned_[slot_plus_one - 1] = true;
            }
        }
    }
    size_t kept = 0;
    for (const uint32_t s : retired_) {
        if (pinned_[s]) {
            retired_[kept++] = s;
        } else {
            hands_[s] = Hand::free;
            free_.push_back(s);
        }
    }
    retired_.resize(kept);
}

}  // namespace camtap::client
