#include "daemon/generation.h"

#include <sys/stat.h>

#include <exception>
#include <new>
#include <thread>

#include "common/futex.h"
#include "common/pins.h"

namespace camtap {

static constexpr uint64_t kFreedAtOnce = 16 << 20;

Generation::Generation(const GenerationPlan& plan, UniqueFd memfd, Mapping mapping, layout::SegmentView view)
    : plan_(plan),
      memfd_(std::move(memfd)),
      mapping_(std::move(mapping)),
      view_(view),
      accepted_(plan.first - 1),
      through_(plan.through) {}

static void write_header(layout::SegmentHeader& header, const GenerationPlan& plan,
                         const layout::Geometry& geometry) {
    header.magic = layout::kSegmentMagic;
    header.major = layout::kMajor;
    header.minor = layout::kMinor;
    header.generation = plan.number;
    header.slot_count = geometry.slot_count;
    header.index_length = geometry.index_length;
    header.slot_bytes = geometry.slot_bytes;
    header.payload_offset = geometry.payload_offset();
    header.first_sequence = plan.first;
    header.head.store(plan.first - 1, std::memory_order_release);
}

Result<std::unique_ptr<Generation>> Generation::create(const GenerationPlan& plan,
                                                       const layout::Counters& counters, uint64_t copies,
                                                       uint64_t seating) {
    const layout::Geometry geometry = plan.geometry();
    Result<UniqueFd> memfd = create_memfd("camtap-segment", geometry.segment_bytes());
    if (!memfd) return memfd.error();
    Result<Mapping> mapping =
        Mapping::map(memfd->get(), geometry.metadata_bytes(), Mapping::Access::read_write);
    if (!mapping) return mapping.error();
    // All of its pages now, so that the loop never takes a page fault, let alone runs out of memory, later
    if (Status backed = back_with_memory(mapping->data(), mapping->bytes()); !backed) return backed.error();
    const layout::SegmentView view{mapping->data(), geometry};
    new (view.base) layout::SegmentHeader{};
    write_header(view.header(), plan, geometry);
    view.header().captured.store(counters.captured, std::memory_order_relaxed);
    view.header().source_gap.store(counters.source_gap, std::memory_order_relaxed);
    view.header().decode_error.store(counters.decode_error, std::memory_order_relaxed);
    view.header().no_slot.store(counters.no_slot, std::memory_order_relaxed);
    view.header().copies.store(copies, std::memory_order_relaxed);
    pins::reseat(view.header().seating, seating);
    return std::unique_ptr<Generation>(new Generation(plan, std::move(*memfd), std::move(*mapping), view));
}

// Whoever lets go last has the kernel free all of its pages: tens of milliseconds for a few large slots of
// small pages, which the loop mustn't wait for.
Generation::~Generation() {
    if (backed_bytes() < kFreedAtOnce) return;
    try {
        std::thread([memfd = std::move(memfd_), mapping = std::move(mapping_)] {}).detach();
    } catch (const std::exception&) {  // there is no thread to be had: it has been done here, then
    }
}

Status Generation::accept() {
    const uint64_t head = pins::newest(view_.header().head);
    if (head == accepted_) return Done{};
    if (head < accepted_ || head > through_) {
        return Error{Code::protocol, 0, "its head names a frame with a number that it wasn't given"};
    }
    if (view_.index(head).load(std::memory_order_acquire) >= view_.geometry.slot_count) {
        return Error{Code::protocol, 0, "it published a slot that isn't there"};
    }
    accepted_ = head;
    return Done{};
}

// Its publisher may be publishing others meanwhile, or spoiling what was valid a moment ago.
layout::FrameRecord Generation::newest() const {
    if (accepted_ + 1 == plan_.first) return {};
    const uint32_t slot = view_.index(accepted_).load(std::memory_order_acquire);
    return slot < view_.geometry.slot_count ? layout::load_record(view_.slot(slot).record)
                                            : layout::FrameRecord{};
}

void Generation::note_seating(uint64_t change) {
    pins::reseat(header().seating, change);
}

uint64_t Generation::backed_bytes() const {
    struct stat st {};
    return fstat(memfd_.get(), &st) == 0 ? static_cast<uint64_t>(st.st_blocks) * 512 : 0;
}

void Generation::announce_change() {
    header().changes.fetch_add(1, std::memory_order_release);
    header().wake.fetch_add(1, std::memory_order_release);
    futex_wake_all(header().wake);
}

void Generation::announce_successor() {
    header().superseded.store(1, std::memory_order_release);
    announce_change();
}

}  // namespace camtap
