// A segment in the hands of the input: published into as a publisher should, or scribbled over.
#pragma once

#include <optional>

#include "common/layout.h"
#include "common/sealed_memory.h"
#include "tests/fuzz/input.h"

namespace camtap::fuzz {

inline constexpr uint64_t kMostSegmentBytes = uint64_t{1} << 20;

// Owns: the memory, and a writable mapping of all of it. Invariant: nothing is written beyond the memory,
// whatever the geometry that the tap was told.
class HostileSegment {
  public:
    // `geometry` is an honest one; the memory may be shorter than it says.
    HostileSegment(const layout::Geometry& geometry, uint64_t first, Input& input);

    const UniqueFd& memory() const { return memory_; }
    uint64_t bytes() const { return mapping_.bytes(); }
    const layout::Geometry& geometry() const { return view_.geometry; }
    uint64_t first() const { return first_; }

    // A frame in some slot, its record mostly one that fits.
    void publish(Input& input);
    // One word of header, index, descriptors, or anything at all.
    void scribble(Input& input);
    // Says how often seats have changed.
    void note_seating(uint64_t change) { put(offsetof(layout::SegmentHeader, seating), change, 8); }
    // Says that there is news: a state, another generation.
    void announce(bool superseded);

  private:
    void put(uint64_t offset, uint64_t value, size_t width);
    uint64_t interesting_place(Input& input) const;

    UniqueFd memory_;
    Mapping mapping_;
    const layout::SegmentView view_;
    const uint64_t first_;
    uint64_t next_;
    layout::Counters counters_;
};

// Few slots, small ones.
layout::Geometry take_geometry(Input& input);
layout::FrameRecord take_record(Input& input, uint64_t slot_bytes);

}  // namespace camtap::fuzz
