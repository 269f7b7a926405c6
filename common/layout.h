// What lies in shared memory, byte by byte: the segment of a stream and the pin page of a tap.
//
// This is the only description of the layout that code may use; common/PROTOCOL.md says the same in prose.
// Only fixed-width fields and offsets, never a pointer; no mutex, no semaphore; atomics of at most 8 bytes (a
// 16-byte atomic load may write, and would fault on a read-only page). Sequence numbers have 64 bits: 32
// overflow within 25 days at 1000 frames/s.
//
// A segment is: header, index, slot descriptors, then page-aligned payload slots. It is written by its
// publisher and, in the words that say so, by the daemon; taps map it read-only. So nobody may *believe* what
// lies in it: every word is loaded once and range-checked, and the geometry comes from the daemon's message,
// never from here.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace camtap::layout {

inline constexpr uint64_t kSegmentMagic = 0x4745'5350'4154'4d43;  // "CMTAPSEG" in memory
inline constexpr uint16_t kMajor = 3;                             // a different major can't be read at all
inline constexpr uint16_t kMinor = 0;  // a higher minor only adds fields where zeros were
inline constexpr uint64_t kPage = 4096;
inline constexpr uint64_t kHugePage =
    2 << 20;  // slots of that size and more lie so that they can consist of them

inline constexpr uint32_t kMaxSlots = 4096;
inline constexpr uint32_t kMaxStock = 32;     // slots that a publisher may be filling at once, at most
inline constexpr uint32_t kMaxPinWords = 64;  // pins of one tap, at most
inline constexpr uint64_t kNoSourceSequence = ~uint64_t{0};

// The highest sequence number. No camera comes to it, a spoilt file of numbers may. Above it there is room:
// 0 means none, ~0 means not known yet, and a number plus a count of slots must not wrap around to either.
inline constexpr uint64_t kLastSequence = ~uint64_t{0} - kMaxSlots;

using Word64 = std::atomic<uint64_t>;
using Word32 = std::atomic<uint32_t>;
static_assert(Word64::is_always_lock_free && Word32::is_always_lock_free);
static_assert(sizeof(Word64) == 8 && sizeof(Word32) == 4);

// Cumulative since the stream's epoch (one run of the daemon), continued across generations. In every frame's
// record they stand as they were when that frame was published, so two frames tell what happened between
// them: captured counts the frames that the source got hold of, this one included; of those, decode_error
// could not be decoded and no_slot found no free slot; the rest were published. source_gap counts frames that
// the source itself says were lost before it got hold of them (driver sequence numbers, say).
struct Counters {
    uint64_t captured = 0;
    uint64_t source_gap = 0;
    uint64_t decode_error = 0;
    uint64_t no_slot = 0;
};
static_assert(sizeof(Counters) == 32);

// What a frame is. Written by the publisher before its sequence word (release); read by a tap that holds a
// pin.
struct FrameRecord {
    int64_t capture_ns;        // CLOCK_MONOTONIC
    int64_t publish_ns;        // CLOCK_MONOTONIC
    uint64_t source_sequence;  // the source's own number, or kNoSourceSequence
    uint64_t bytes;            // length of the payload
    uint64_t stride;           // bytes from one row to the next
    uint32_t width;            // pixels
    uint32_t height;           // rows
    uint16_t depth;            // element type, numbered as OpenCV's CV_8U … CV_16F (0 … 7)
    uint16_t channels;         // elements per pixel
    uint32_t fourcc;           // meaning of the channels; 0 = a plain matrix
    uint32_t capture_origin;   // who took the time: camtap_capture_origin
    uint32_t reserved;
    Counters counters;
};
static_assert(sizeof(FrameRecord) == 96 && alignof(FrameRecord) == 8);

// Copies a record out of shared memory, each word loaded exactly once: what was checked is what is used,
// whatever a hostile publisher writes meanwhile. (Words, because a memcpy may load a byte as often as it
// likes.)
inline FrameRecord load_record(const FrameRecord& shared) {
    static_assert(sizeof(FrameRecord) % 8 == 0);
    FrameRecord record;
    auto* const to = reinterpret_cast<std::byte*>(&record);
    const auto* const from = reinterpret_cast<const uint64_t*>(&shared);
#pragma GCC unroll 12
    for (size_t i = 0; i < sizeof record / 8; ++i) {
        const uint64_t word = __atomic_load_n(from + i, __ATOMIC_RELAXED);
        std::memcpy(to + 8 * i, &word, sizeof word);
    }
    return record;
}

struct alignas(128) SlotDescriptor {
    // The frame that lies in the slot, 0 = none that anybody may newly pin.
    // Publisher stores n (release) after payload and record, and 0 (seq_cst) to retire the
    // slot. Taps load it (seq_cst) after their pin is set: the two seq_cst pairs are the hazard-pointer
    // handshake of pins.h.
    Word64 sequence;
    FrameRecord record;
};
static_assert(sizeof(SlotDescriptor) == 128 && offsetof(SlotDescriptor, record) == 8);

// What a frame's way from publisher to tap touches lies close together: each further page costs a reader that
// has just been woken a walk through the page tables, each further cache line a trip to the other core.
struct SegmentHeader {
    // Constant after the daemon made the segment. For people with a debugger; programs use the daemon's
    // message.
    uint64_t magic;
    uint16_t major;
    uint16_t minor;
    uint32_t generation;
    uint32_t slot_count;
    uint32_t index_length;
    uint64_t slot_bytes;
    uint64_t payload_offset;
    uint64_t first_sequence;
    uint64_t reserved[2];

    // Live counters of the publisher (relaxed), for `camtap info` where no frame is published to carry them.
    Word64 captured;
    Word64 source_gap;
    Word64 decode_error;
    Word64 no_slot;
    Word64 copies;  // payload copies made inside the source, in the same epoch

    // Number of the newest change of who taps. Daemon stores it (seq_cst) before a new tap is told of this segment;
    // publisher loads it (seq_cst) after it has retired slots: see pins.h.
    Word64 seating;
    uint64_t reserved_too[2];

    // ---- one cache line, the index's first entries included

    // Newest published sequence number, first_sequence − 1 = none yet. Written by the publisher (seq_cst:
    // against `armed`), read by taps (acquire: pairs with it, so index and sequence word of the frame are
    // visible) and daemon.
    Word64 head;

    // Futex word. fetch_add by publisher (a frame) and daemon (a change of state), who then wake all. Taps
    // wait on it.
    Word32 wake;

    // Daemon stores 1 (seq_cst) while some tap wants a message per frame, or the stream isn't live, or this
    // publisher's connection is over, then re-reads head; the publisher stores head, then loads this (seq_cst):
    // one of the two sees the other, so no armed tap is left unsignalled.
    Word32 armed;
    Word32 superseded;  // daemon stores 1 (release), then bumps wake: ask for news on the socket
    Word32 changes;  // daemon: fetch_add (release) at each change of state, before it bumps wake; taps load
                     // (acquire)
};
static_assert(offsetof(SegmentHeader, generation) == 12);
static_assert(offsetof(SegmentHeader, slot_count) == 16);
static_assert(offsetof(SegmentHeader, slot_bytes) == 24);
static_assert(offsetof(SegmentHeader, payload_offset) == 32);
static_assert(offsetof(SegmentHeader, first_sequence) == 40);
static_assert(offsetof(SegmentHeader, captured) == 64);
static_assert(offsetof(SegmentHeader, copies) == 96);
static_assert(offsetof(SegmentHeader, seating) == 104);
static_assert(offsetof(SegmentHeader, head) == 128);
static_assert(offsetof(SegmentHeader, wake) == 136);
static_assert(offsetof(SegmentHeader, armed) == 140);
static_assert(offsetof(SegmentHeader, superseded) == 144);
static_assert(offsetof(SegmentHeader, changes) == 148);
static_assert(sizeof(SegmentHeader) == 152);

constexpr uint64_t round_up(uint64_t value, uint64_t to) {
    return (value + to - 1) / to * to;
}

// Length arithmetic of a segment. Invariant: made by of(), so it is in range and nothing overflows.
struct Geometry {
    uint32_t slot_count = 0;
    uint32_t index_length = 0;  // a power of two
    uint64_t slot_bytes = 0;    // a multiple of kPage, or of kHugePage

    static constexpr uint64_t kIndexOffset = sizeof(SegmentHeader);
    constexpr uint64_t descriptors_offset() const {
        return round_up(kIndexOffset + 4 * uint64_t{index_length}, alignof(SlotDescriptor));
    }
    // Header, index and descriptors: what the daemon maps.
    constexpr uint64_t metadata_bytes() const {
        return round_up(descriptors_offset() + sizeof(SlotDescriptor) * uint64_t{slot_count}, kPage);
    }
    constexpr uint64_t payload_offset() const {
        return round_up(metadata_bytes(), slot_bytes % kHugePage == 0 ? kHugePage : kPage);
    }
    constexpr uint64_t segment_bytes() const { return payload_offset() + slot_bytes * slot_count; }

    constexpr bool valid() const {
        return slot_count >= 1 && slot_count <= kMaxSlots && index_length >= 1 &&
               index_length <= 2 * kMaxSlots && (index_length & (index_length - 1)) == 0 &&
               slot_bytes >= kPage && slot_bytes % kPage == 0 && slot_bytes <= (uint64_t{1} << 40);
    }

    // At least the newest `visible` frames can be found by the index.
    static constexpr Geometry of(uint32_t slot_count, uint32_t visible, uint64_t frame_bytes) {
        Geometry g;
        g.slot_count = slot_count;
        g.index_length = 1;
        while (g.index_length < visible) g.index_length *= 2;
        g.slot_bytes = round_up(frame_bytes == 0 ? 1 : frame_bytes,  //
                                frame_bytes < kHugePage ? kPage : kHugePage);
        return g;
    }
};

// A mapped segment: typed access by offset. Owns nothing. Invariant: `base` maps at least
// geometry.segment_bytes() (the daemon: metadata_bytes(), and it never asks for a payload).
struct SegmentView {
    std::byte* base = nullptr;  // taps map it read-only and only load
    Geometry geometry;

    SegmentView() = default;
    SegmentView(std::byte* mapped, const Geometry& g)
        : base(mapped), geometry(g), payloads_(g.payload_offset()) {}

    SegmentHeader& header() const { return *reinterpret_cast<SegmentHeader*>(base); }
    Word32& index(uint64_t sequence) const {
        return reinterpret_cast<Word32*>(base +
                                         Geometry::kIndexOffset)[sequence & (geometry.index_length - 1)];
    }
    SlotDescriptor& slot(uint32_t s) const {
        return reinterpret_cast<SlotDescriptor*>(base + geometry.descriptors_offset())[s];
    }
    std::byte* payload(uint32_t s) const { return base + payloads_ + geometry.slot_bytes * s; }

  private:
    uint64_t payloads_ = 0;  // as geometry says: to work it out takes a division
};

// One page per session of a tap. The tap alone writes it; the daemon and the stream's publisher read it. What it says
// of frames received and missed is the tap's own claim, shown as such; only the pin words decide anything, and
// only about this tap.
struct PinPage {
    uint64_t reserved[8];

    // The tap's ledger (relaxed), for `camtap top`.
    alignas(64) Word64 delivered;
    Word64 source_gap;
    Word64 decode_error;
    Word64 no_slot;
    Word64 too_slow;
    Word64 skipped;
    Word64 restart;
    Word64 last_sequence;

    // generation<<32 | slot+1, 0 = none. Tap: exchange (seq_cst) to pin, store 0 (release) to unpin.
    // Publisher: one seq_cst load per snapshot; the release of 0 puts the tap's reads before the slot's next
    // use.
    alignas(64) Word64 pins[kMaxPinWords];
};
static_assert(offsetof(PinPage, delivered) == 64);
static_assert(offsetof(PinPage, last_sequence) == 120);
static_assert(offsetof(PinPage, pins) == 128);
static_assert(sizeof(PinPage) <= kPage);

constexpr uint64_t pin_value(uint32_t generation, uint32_t slot) {
    return uint64_t{generation} << 32 | (slot + 1);
}

}  // namespace camtap::layout
