// One generation of a stream as its publisher sees it: slots, the memory behind them, and where the next frame goes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "camtap/camtap.h"
#include "client/local_mapping.h"
#include "client/slot_pool.h"
#include "common/layout.h"

namespace camtap::client {

// Owns: a writable mapping, and what is known of its slots. Threads: the publisher's.
class WritableSegment {
  public:
    // `depth`: as many slots and one more will be in use at the same time, if there are as many frames.
    // Frames are numbered from `first` on, up to `through`.
    WritableSegment(LocalMapping mapping, uint32_t generation, const layout::Geometry& geometry,
                    uint32_t depth, uint64_t first, uint64_t through);

    uint32_t generation() const { return generation_; }
    uint64_t slot_bytes() const { return view_.geometry.slot_bytes; }
    size_t held() const { return pool_.held(); }

    // Before the next slot is taken, in this order: see pins.h.
    void retire_old_frames() { pool_.retire_old_frames(); }
    bool has_retired() const { return pool_.has_retired(); }
    uint64_t newest_seating() const;
    void free_unpinned(std::span<const PinWords> pins) { pool_.free_unpinned(pins); }

    // How many frames may be published beyond those in slots that are held.
    uint64_t numbers_left() const;
    void extend_numbers(uint64_t through) { through_ = through; }

    // A slot with memory behind its first `bytes`. Empty: none; if `warm`, none that has it already. Errors: no_memory;
    // then the slot is free as before. May take milliseconds, while the kernel clears memory, if no slot has been
    // prepared.
    Result<std::optional<camtap_slot>> take(uint64_t bytes, bool warm);
    // So that the next take() of as much finds a slot that has memory already, where one is free. Does nothing
    // once depth + 1 frames are published: slots that more are needed for get their memory in take().
    void prepare(uint64_t bytes);

    // Whether the caller holds this slot of this segment.
    bool holds(const camtap_slot& slot) const {
        return slot.generation == generation_ && pool_.holds(slot.index) &&
               slot.data == view_.payload(slot.index);
    }
    // All below need holds().
    uint64_t capacity(const camtap_slot& slot) const { return backed_[slot.index]; }
    void give_back(const camtap_slot& slot) { pool_.give_back(slot.index); }
    // To be written before publish().
    layout::FrameRecord& record(const camtap_slot& slot) const { return view_.slot(slot.index).record; }
    // Makes the slot the next frame, wakes the readers, returns the frame's number.
    [[gnu::hot]] uint64_t publish(const camtap_slot& slot);

    // Whether some tap wants the daemon to be told of each frame.
    bool armed() const;
    // For `camtap info`, where no frame carries them.
    [[gnu::hot]] void show(const layout::Counters& counters, uint64_t copies);

  private:
    [[gnu::hot]] Status back(uint32_t slot, uint64_t bytes);
    size_t best_free(uint64_t bytes) const;  // index into pool_.free(), which isn't empty

    LocalMapping mapping_;
    const uint32_t generation_;
    const layout::SegmentView view_;
    const uint32_t depth_;
    const uint64_t first_;
    uint64_t through_;
    SlotPool pool_;
    std::vector<uint64_t> backed_;  // per slot: bytes that have memory behind them
};

}  // namespace camtap::client
