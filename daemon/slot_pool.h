// Who holds which slot of one generation: the heart of the daemon, and nothing but that.
//
// A slot is always in one of four hands:
//
//     free ──grant──▶ granted (publisher) ──accept──▶ visible ──retire──▶ retired ──no pin names it──▶ free
//
// Invariant: with N = depth + stock + (pin words of all taps) slots, grant() always fills the stock up: at
// most `depth` are visible, at most one slot is kept per pin word, at most `stock` are granted.
//
// Reads the segment and the pin pages, believes neither. Threads: the daemon's one. Never blocks, never
// allocates after construction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/layout.h"
#include "common/result.h"

namespace camtap {

// The pin words of one tap.
using PinWords = std::span<const layout::Word64>;

class SlotPool {
  public:
    // `view` must outlive the pool; its geometry must hold depth + stock frames in the index.
    SlotPool(layout::SegmentView view, uint32_t generation, uint64_t first, uint32_t depth, uint32_t stock);

    // Takes note of the frames published since the last call. Errors: protocol (the publisher named a frame
    // or a slot that it had no right to; what was valid before that is noted).
    Status accept();

    // Retires what is older than the newest `depth` frames, frees what no pin names, and grants until the
    // publisher holds its stock. Call accept() first. The slots granted now, best one last; valid until the
    // next call.
    std::span<const uint32_t> grant(std::span<const PinWords> pins);

    uint64_t accepted() const { return accepted_; }  // newest valid sequence number, first − 1 = none
    uint64_t first() const { return first_; }
    uint32_t granted() const { return granted_; }
    // Slot of the newest valid frame. Only if there is one.
    uint32_t newest_slot() const { return visible_[(visible_begin_ + visible_count_ - 1) % visible_.size()]; }
    bool has_frames() const { return accepted_ + 1 != first_; }

  private:
    enum class Hand : uint8_t { free, granted, visible, retired };

    void retire_old_frames();
    void free_unpinned(std::span<const PinWords> pins);

    layout::SegmentView view_;
    uint32_t generation_;
    uint64_t first_;
    uint64_t accepted_;
    uint32_t depth_;
    uint32_t stock_;
    uint32_t granted_ = 0;
    std::vector<Hand> hands_;        // of each slot
    std::vector<uint32_t> free_;     // the one freed last at the end: its memory is still in cache
    std::vector<uint32_t> retired_;  // oldest first
    std::vector<uint32_t> visible_;  // ring, oldest at visible_begin_
    size_t visible_begin_ = 0;
    size_t visible_count_ = 0;
    std::vector<bool> pinned_;  // one snapshot
    std::vector<uint32_t> newly_granted_;
};

}  // namespace camtap
