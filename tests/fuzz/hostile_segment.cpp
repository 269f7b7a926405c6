#include "tests/fuzz/hostile_segment.h"

#include <algorithm>

#include "common/check.h"

namespace camtap::fuzz {

layout::Geometry take_geometry(Input& input) {
    const uint32_t slots = 1 + input.below(8);
    const uint32_t visible = 1 + input.below(slots);
    return layout::Geometry::of(slots, visible, input.take<uint16_t>() / 4);
}

layout::FrameRecord take_record(Input& input, uint64_t slot_bytes) {
    layout::FrameRecord record{};
    record.width = 1 + input.below(64);
    record.height = 1 + input.below(64);
    record.depth = static_cast<uint16_t>(input.below(8));
    record.channels = static_cast<uint16_t>(1 + input.below(4));
    record.stride = uint64_t{record.width} * record.channels * (1 + input.below(8));
    record.bytes = input.about(std::min(record.stride * record.height, slot_bytes));
    record.capture_ns = static_cast<int64_t>(input.about<uint64_t>(1));
    record.source_sequence = layout::kNoSourceSequence;
    input.spoil(&record, sizeof record);
    return record;
}

HostileSegment::HostileSegment(const layout::Geometry& geometry, uint64_t first, Input& input)
    : view_{nullptr, geometry}, first_(first), next_(first) {
    const uint64_t bytes = std::clamp<uint64_t>(input.about(geometry.segment_bytes()), 1, kMostSegmentBytes);
    memory_ = std::move(*create_memfd("fuzzed-segment", bytes));
    mapping_ = std::move(*Mapping::map(memory_.get(), bytes, Mapping::Access::read_write));
    put(offsetof(layout::SegmentHeader, head), first - 1, 8);
}

void HostileSegment::put(uint64_t offset, uint64_t value, size_t width) {
    if (offset > bytes() || bytes() - offset < width) return;
    std::byte* const at = mapping_.data() + offset;
    if (width == 8 && offset % 8 == 0) return reinterpret_cast<layout::Word64*>(at)->store(value);
    if (width == 4 && offset % 4 == 0) {
        return reinterpret_cast<layout::Word32*>(at)->store(static_cast<uint32_t>(value));
    }
    std::memcpy(at, &value, std::min<size_t>(width, sizeof value));
}

void HostileSegment::publish(Input& input) {
    const layout::Geometry& g = geometry();
    const uint64_t n = input.about(next_);
    const uint32_t slot = input.about(static_cast<uint32_t>(next_ % g.slot_count));
    ++counters_.captured;
    layout::FrameRecord record = take_record(input, g.slot_bytes);
    if (input.below(8) != 0) record.counters = counters_;
    const uint64_t descriptor = g.descriptors_offset() + sizeof(layout::SlotDescriptor) * uint64_t{slot};
    uint64_t words[sizeof record / 8];
    std::memcpy(words, &record, sizeof record);
    for (size_t i = 0; i < std::size(words); ++i) {
        put(descriptor + offsetof(layout::SlotDescriptor, record) + 8 * i, words[i], 8);
    }
    put(descriptor, n, 8);
    put(layout::Geometry::kIndexOffset + 4 * (n & (g.index_length - 1)), slot, 4);
    put(offsetof(layout::SegmentHeader, head), n, 8);
    next_ = n + 1;
}

uint64_t HostileSegment::interesting_place(Input& input) const {
    const layout::Geometry& g = geometry();
    const uint32_t slot = input.below(g.slot_count);
    const uint64_t descriptor = g.descriptors_offset() + sizeof(layout::SlotDescriptor) * uint64_t{slot};
    switch (input.below(5)) {
        case 0:
            return offsetof(layout::SegmentHeader, head);
        case 1:
            return layout::Geometry::kIndexOffset + 4 * uint64_t{slot % g.index_length};
        case 2:
            return descriptor;
        case 3:  // somewhere in the record
            return descriptor + 8 * uint64_t{input.below(13)};
        default:
            return input.take<uint32_t>() % bytes();
    }
}

void HostileSegment::scribble(Input& input) {
    const uint64_t place = interesting_place(input);
    const size_t width = input.flag() ? 8 : 4;
    put(place, input.about(input.flag() ? next_ : first_), width);
}

void HostileSegment::announce(bool superseded) {
    if (bytes() < sizeof(layout::SegmentHeader)) return;
    auto& header = *reinterpret_cast<layout::SegmentHeader*>(mapping_.data());
    if (superseded) header.superseded.store(1);
    header.changes.fetch_add(1);
    header.wake.fetch_add(1);
}

}  // namespace camtap::fuzz
