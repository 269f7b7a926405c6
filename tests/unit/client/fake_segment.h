// A segment written by the test itself: as an honest publisher would, or as no honest publisher would.
#pragma once

#include <cstdint>
#include <cstring>

#include "common/clock.h"
#include "common/futex.h"
#include "common/layout.h"
#include "common/pins.h"
#include "common/sealed_memory.h"

namespace camtap::test {

// Threads: the test's. Slots are used in turn, so a test chooses enough of them for the frames that it holds.
class FakeSegment {
  public:
    static constexpr uint32_t kSlots = 16;
    static constexpr uint32_t kDepth = 4;  // visible frames

    FakeSegment(uint32_t generation, uint64_t first, uint64_t frame_bytes = 4096)
        : generation_(generation),
          first_(first),
          next_(first),
          geometry_(layout::Geometry::of(kSlots, 8, frame_bytes)),
          memory_(std::move(*create_memfd("fake-segment", geometry_.segment_bytes()))),
          mapping_(std::move(
              *Mapping::map(memory_.get(), geometry_.segment_bytes(), Mapping::Access::read_write))),
          view_{mapping_.data(), geometry_} {
        view_.header().head.store(first - 1);
    }

    uint32_t generation() const { return generation_; }
    uint64_t first() const { return first_; }
    uint64_t last() const { return next_ - 1; }
    const layout::Geometry& geometry() const { return geometry_; }
    int fd() const { return memory_.get(); }
    layout::SegmentHeader& header() { return view_.header(); }
    layout::SegmentView& view() { return view_; }

    // 2x2 gray pixels of value n mod 256; `counters.captured` counts the frame if it is 0.
    layout::FrameRecord record() const {
        layout::FrameRecord r{};
        r.capture_ns = r.publish_ns = monotonic_ns();
        r.source_sequence = layout::kNoSourceSequence;
        r.width = r.height = 2;
        r.stride = 2;
        r.bytes = 4;
        r.channels = 1;
        r.fourcc = 0x59455247;  // GREY
        r.counters = counters;
        return r;
    }

    uint64_t publish() {
        ++counters.captured;
        return publish(record());
    }

    uint64_t publish(const layout::FrameRecord& record) {
        const uint64_t n = next_++;
        const auto slot = static_cast<uint32_t>(n % kSlots);
        if (n >= first_ + kDepth) retire(n - kDepth);
        view_.slot(slot).record = record;
        std::memset(view_.payload(slot), static_cast<int>(n % 256), 64);
        pins::publish(view_.slot(slot).sequence, view_.index(n), slot, view_.header().head, n);
        wake();
        return n;
    }

    void retire(uint64_t n) { pins::retire(view_.slot(static_cast<uint32_t>(n % kSlots)).sequence); }

    void wake() {
        view_.header().wake.fetch_add(1);
        futex_wake_all(view_.header().wake);
    }

    layout::Counters counters;  // of the stream, to be carried over to its next generation

  private:
    const uint32_t generation_;
    const uint64_t first_;
    uint64_t next_;
    const layout::Geometry geometry_;
    UniqueFd memory_;
    Mapping mapping_;
    layout::SegmentView view_;
};

}  // namespace camtap::test
