// One generation of a stream as its publisher sees it: which slots it may fill, and where the next frame
// goes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "camtap/camtap.h"
#include "client/local_mapping.h"
#include "common/layout.h"

namespace camtap::client {

// Owns: a writable mapping.
// Invariant: every slot is in one of three hands: the daemon's (away), unused (granted), or the caller's
// (held). Threads: the publisher's.
class WritableSegment {
  public:
    // `depth`: as many slots and one more will be in use at the same time, if there are as many frames.
    WritableSegment(LocalMapping mapping, uint32_t generation, const layout::Geometry& geometry,
                    uint32_t depth, uint64_t first);

    uint32_t generation() const { return generation_; }
    uint64_t slot_bytes() const { return view_.geometry.slot_bytes; }
    size_t unused() const { return unused_.size(); }
    size_t held() const { return held_; }

    // The daemon's grant. False: nonsense (no such slot, or it is here already).
    [[nodiscard]] bool grant(const uint32_t* slots, uint32_t count);

    // A slot with memory behind its first `bytes`. Empty: none. Errors: no_memory; then the slot is unused as
    // before. May take milliseconds, while the kernel clears memory, if no slot has been prepared.
    Result<std::optional<camtap_slot>> take(uint64_t bytes);
    // So that the next take() of as much finds a slot that has memory already, where one is unused. Does nothing
    // once depth + 1 frames are published: slots that more are needed for get their memory in take().
    void prepare(uint64_t bytes);

    // Whether the caller holds this slot of this segment.
    bool holds(const camtap_slot& slot) const;
    // All below need holds().
    uint64_t capacity(const camtap_slot& slot) const { return backed_[slot.index]; }
    void put_back(const camtap_slot& slot);
    void forget(const camtap_slot& slot);
    // Makes the slot the next frame, wakes the readers, returns the frame's number.
    uint64_t publish(const camtap_slot& slot, const layout::FrameRecord& record);

    // Whether some tap wants the daemon to be told of each frame.
    bool armed() const;
    // For `camtap info`, where no frame carries them.
    void show(const layout::Counters& counters, uint64_t copies);

  private:
    enum class Hand : uint8_t { away, unused, held };
    Status back(uint32_t slot, uint64_t bytes);
    size_t best_unused(uint64_t bytes) const;  // index into unused_, which isn't empty

    LocalMapping mapping_;
    const uint32_t generation_;
    const layout::SegmentView view_;
    const uint32_t depth_;
    const uint64_t first_;
    uint64_t next_;                 // number of the next frame
    std::vector<Hand> hands_;       // per slot
    std::vector<uint64_t> backed_;  // per slot: bytes that have memory behind them
    std::vector<uint32_t> unused_;  // newest grant last
    size_t held_ = 0;
};

}  // namespace camtap::client
