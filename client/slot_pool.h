// Whose hands each slot of a publisher's segment is in: the heart of camtap, and nothing but that.
//
//     free ──take──▶ held ──publish──▶ visible ──retire──▶ retired ──no pin names it──▶ free
//
// Invariant: with N = depth + stock + (pin words of all taps) slots there is a free one after retire_old_frames() and
// free_unpinned(), if fewer than `stock` are held: `depth` at most are left visible, one at most is kept per pin word.
//
// Writes sequence words, index and head of the segment; reads the pin pages, and believes nothing there. Threads: the
// publisher's. Never blocks, never allocates after construction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/layout.h"

namespace camtap::client {

// The pin words of one tap.
using PinWords = std::span<const layout::Word64>;

class SlotPool {
  public:
    enum class Hand : uint8_t { free, held, visible, retired };

    // `view` must outlive the pool. All slots are free; `first` is the number of the first frame.
    SlotPool(layout::SegmentView view, uint32_t generation, uint64_t first, uint32_t depth);

    // Those that may be filled, the one freed last at the end: its memory is still in the processor's cache.
    std::span<const uint32_t> free() const { return free_; }
    // The i-th of free(), to be filled: held.
    uint32_t take(size_t i);
    // Unused after all: free, and the first choice.
    void give_back(uint32_t slot);
    // Makes a held slot, with payload and record written, the next frame. Returns its number.
    [[gnu::hot]] uint64_t publish(uint32_t slot);

    // Nobody can newly pin a frame older than the newest `depth` from here on.
    void retire_old_frames();
    // After it: frees those retired slots that no word names. One look at each word.
    [[gnu::hot]] void free_unpinned(std::span<const PinWords> pins);

    bool holds(uint32_t slot) const { return slot < hands_.size() && hands_[slot] == Hand::held; }
    uint32_t held() const { return held_; }
    bool has_retired() const { return !retired_.empty(); }
    uint64_t next() const { return next_; }  // number of the next frame

  private:
    layout::SegmentView view_;
    const uint32_t generation_;
    const uint32_t depth_;
    uint64_t next_;
    uint32_t held_ = 0;
    std::vector<Hand> hands_;        // of each slot
    std::vector<uint32_t> free_;     // the one freed last at the end
    std::vector<uint32_t> retired_;  // oldest first
    std::vector<uint32_t> visible_;  // a ring, the oldest at visible_begin_
    size_t visible_begin_ = 0;
    size_t visible_count_ = 0;
    std::vector<bool> pinned_;  // one snapshot
};

}  // namespace camtap::client
