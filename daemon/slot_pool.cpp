#include "daemon/slot_pool.h"

#include <algorithm>

#include "common/pins.h"

namespace camtap {

SlotPool::SlotPool(layout::SegmentView view, uint32_t generation, uint64_t first, uint32_t depth,
                   uint32_t stock)
    : view_(view),
      generation_(generation),
      first_(first),
      accepted_(first - 1),
      depth_(depth),
      stock_(stock),
      hands_(view.geometry.slot_count, Hand::free),
      visible_(depth + stock),
      pinned_(view.geometry.slot_count) {
    CAMTAP_CHECK(view.geometry.index_length >= depth + stock);
    for (uint32_t s = view.geometry.slot_count; s-- > 0;) free_.push_back(s);  // slot 0 first
    retired_.reserve(view.geometry.slot_count);
    newly_granted_.reserve(stock);
}

Status SlotPool::accept() {
    const uint64_t head = pins::newest(view_.header().head);
    if (head - accepted_ > granted_) {  // unsigned: a head that went back is far ahead
        return Error{Code::protocol, 0, "its head names frames in more slots than it was granted"};
    }
    for (uint64_t n = accepted_ + 1; n != head + 1; ++n) {
        const uint32_t s = view_.index(n).load(std::memory_order_acquire);
        if (s >= hands_.size() || hands_[s] != Hand::granted) {
            return Error{Code::protocol, 0, "it published a slot that it wasn't granted"};
        }
        if (view_.slot(s).sequence.load(std::memory_order_acquire) != n) {
            return Error{Code::protocol, 0,
                         "the sequence word of a slot that it published isn't the frame's number"};
        }
        hands_[s] = Hand::visible;
        visible_[(visible_begin_ + visible_count_) % visible_.size()] = s;
        ++visible_count_;
        --granted_;
        accepted_ = n;
    }
    return Done{};
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
    std::erase_if(retired_, [this](uint32_t s) {
        if (pinned_[s]) return false;
        hands_[s] = Hand::free;
        free_.push_back(s);
        return true;
    });
}

std::span<const uint32_t> SlotPool::grant(std::span<const PinWords> pins) {
    retire_old_frames();
    free_unpinned(pins);
    newly_granted_.clear();
    while (granted_ < stock_ && !free_.empty()) {
        const uint32_t s = free_.back();
        free_.pop_back();
        hands_[s] = Hand::granted;
        ++granted_;
        newly_granted_.push_back(s);
    }
    std::reverse(newly_granted_.begin(), newly_granted_.end());
    return newly_granted_;
}

}  // namespace camtap
