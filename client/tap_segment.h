// One generation of a stream as a tap sees it: read-only, and written by somebody who may lie.
#pragma once

#include <cstdint>
#include <memory>

#include "camtap/camtap.h"
#include "client/local_mapping.h"
#include "common/layout.h"
#include "common/pins.h"
#include "common/unique_fd.h"

namespace camtap::client {

// What the daemon said of a segment. Nothing of it is ever read from the segment itself.
struct SegmentTerms {
    uint64_t instance = 0;  // of the daemon that announced it
    uint64_t first = 0;     // sequence number of its first frame
    uint32_t generation = 0;
    layout::Geometry geometry;
};

// Owns: a read-only mapping. Invariant: the geometry is valid and lies within the mapping.
// Every word is loaded once and believed nowhere: slot numbers are range-checked, records checked by
// image_fault().
class alignas(64) TapSegment {
  public:
    // Errors: protocol (geometry out of range, first is 0), malformed (memory too short), no_memory, system.
    static Result<std::shared_ptr<const TapSegment>> open(ProcessMark mark, const SegmentTerms& terms,
                                                          const UniqueFd& memory);

    TapSegment(LocalMapping mapping, const SegmentTerms& terms);

    const SegmentTerms& terms() const { return terms_; }
    uint32_t index_length() const { return view_.geometry.index_length; }
    uint64_t slot_bytes() const { return view_.geometry.slot_bytes; }
    const layout::SegmentHeader& header() const { return view_.header(); }
    // Newest published number; terms().first − 1 when there is none.
    uint64_t head() const { return view_.header().head.load(std::memory_order_acquire); }

    // Pins frame n with the caller's pin word. True: its slot is in `slot`, and stays as it is until the word
    // is cleared. False: the frame isn't there any more (or the index is nonsense); nothing is pinned.
    [[nodiscard]] bool try_pin(layout::Word64& pin_word, uint64_t n, uint32_t& slot) const {
        if (n == 0) return false;  // a retired slot says 0
        const uint32_t s = view_.index(n).load(std::memory_order_acquire);
        if (s >= view_.geometry.slot_count) return false;
        if (!pins::try_pin(pin_word, layout::pin_value(terms_.generation, s), view_.slot(s).sequence, n))
            return false;
        slot = s;
        return true;
    }

    // Both need the slot pinned.
    layout::FrameRecord record(uint32_t slot) const;
    const std::byte* payload(uint32_t slot) const { return view_.payload(slot); }

  private:
    // In one cache line, all that a frame needs of this.
    const layout::SegmentView view_;
    const SegmentTerms terms_;

    const LocalMapping mapping_;
};

}  // namespace camtap::client
