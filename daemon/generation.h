// One generation of a stream: a segment, and how far its publisher has come. Made for one publisher and one slot size.
#pragma once

#include <cstdint>
#include <memory>

#include "common/layout.h"
#include "common/result.h"
#include "common/sealed_memory.h"
#include "common/unique_fd.h"

namespace camtap {

struct GenerationPlan {
    uint32_t number = 0;
    uint64_t first = 1;    // sequence number of its first frame
    uint64_t through = 0;  // the last number that the publisher may use, at first
    uint32_t depth = 1;
    uint32_t stock = 3;
    uint32_t pin_words = 0;  // of all taps that the stream may have
    uint64_t frame_bytes = 0;

    uint64_t slots() const { return uint64_t{depth} + stock + pin_words; }
    layout::Geometry geometry() const {
        return layout::Geometry::of(static_cast<uint32_t>(slots()), depth + stock, frame_bytes);
    }
};

// Owns: the memfd, and a mapping of its first part (header, index, descriptors). The daemon maps no payload, and writes
// nothing but the header. Believes nothing that stands there.
class Generation {
  public:
    // Errors: no_memory, limit, system. `counters` and `copies` go into the live words, to be continued; `seating` is
    // the newest change of who taps.
    static Result<std::unique_ptr<Generation>> create(const GenerationPlan& plan,
                                                      const layout::Counters& counters, uint64_t copies,
                                                      uint64_t seating);
    ~Generation();

    // To be called when the publisher has mapped it and before any tap gets it.
    Status seal() { return seal_against_writers(memfd_.get()); }

    const GenerationPlan& plan() const { return plan_; }
    int memfd() const { return memfd_.get(); }
    const layout::Geometry& geometry() const { return view_.geometry; }
    layout::SegmentHeader& header() const { return view_.header(); }

    // Takes note of the frames published since the last call. Errors: protocol (the publisher named a number that it
    // wasn't given, or no slot; then nothing is noted).
    Status accept();
    uint64_t accepted() const { return accepted_; }  // the newest valid number, first − 1 = none
    uint64_t through() const { return through_; }    // the last one that the publisher may use
    void extend_numbers(uint64_t through) { through_ = through; }

    // What the publisher says of the newest valid frame; all zeros if there is none.
    layout::FrameRecord newest() const;
    uint64_t backed_bytes() const;

    // A tap comes or goes. To be called before one that comes is told of this segment.
    void note_seating(uint64_t change);

    // Tells everybody who sleeps on this segment that there is news to ask for.
    void announce_change();
    void announce_successor();

  private:
    Generation(const GenerationPlan& plan, UniqueFd memfd, Mapping mapping, layout::SegmentView view);

    GenerationPlan plan_;
    UniqueFd memfd_;
    Mapping mapping_;
    layout::SegmentView view_;
    uint64_t accepted_;
    uint64_t through_;
};

}  // namespace camtap
