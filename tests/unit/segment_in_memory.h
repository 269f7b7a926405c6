// A segment and pin pages on the heap, for tests that play publisher, daemon and taps in one process.
#pragma once

#include <cstring>
#include <memory>
#include <new>

#include "common/layout.h"
#include "common/pins.h"

namespace camtap::test {

class SegmentInMemory {
  public:
    SegmentInMemory(uint32_t slots, uint32_t visible, uint64_t first, uint64_t frame_bytes = 64) {
        const layout::Geometry geometry = layout::Geometry::of(slots, visible, frame_bytes);
        memory_ = static_cast<std::byte*>(
            ::operator new(geometry.segment_bytes(), std::align_val_t(layout::kPage)));
        std::memset(memory_, 0, geometry.segment_bytes());
        view = {memory_, geometry};
        new (memory_) layout::SegmentHeader{};
        view.header().head.store(first - 1);
        next_ = first;
    }
    ~SegmentInMemory() { ::operator delete(memory_, std::align_val_t(layout::kPage)); }
    SegmentInMemory(const SegmentInMemory&) = delete;
    SegmentInMemory& operator=(const SegmentInMemory&) = delete;

    // What a publisher does when it publishes slot s.
    uint64_t publish(uint32_t s) {
        pins::publish(view.slot(s).sequence, view.index(next_), s, view.header().head, next_);
        return next_++;
    }

    layout::SegmentView view;

  private:
    std::byte* memory_ = nullptr;
    uint64_t next_ = 1;
};

}  // namespace camtap::test
