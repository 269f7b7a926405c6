// Generations of a stream: how one is made, opened to the taps, and closed; and what is known of the stream
// as a whole.
#include <unistd.h>

#include <algorithm>

#include "common/clock.h"
#include "daemon/stream.h"

namespace camtap {

static constexpr size_t kClosedRemembered = 16;  // for taps that slept through generations

// Numbers that a publisher may use before it has to ask for more: a minute, for a camera.
static constexpr uint64_t kNumbersAhead = 4096;

GenerationPlan Stream::plan(uint64_t bytes) const {
    uint32_t pins = config_.max_pins;
    for (const Session* session : taps_)
        pins = std::max(pins, session->tap.max_pins);  // from before a reload
    GenerationPlan plan;
    plan.number = next_generation_number();
    plan.first = generation_ && !generation_closed_ ? generation_->accepted() + 1 : next_sequence_;
    plan.depth = config_.depth;
    plan.stock = publisher_->stock;
    plan.pin_words = std::max(config_.max_taps, static_cast<uint32_t>(taps_.size())) * pins;
    plan.frame_bytes = bytes;
    return plan;
}

Error Stream::too_much_memory(const char* limit, uint64_t limit_bytes, const GenerationPlan& plan) const {
    return Error{
        Code::limit, 0,
        fmt::format(
            "{} slots (depth {} + stock {} + {} pins) of {} bytes would be up to {} MiB, but {} is {} MiB; "
            "lower max_taps, max_pins or depth, or raise {}",
            plan.slots(), plan.depth, plan.stock, plan.pin_words, plan.frame_bytes,
            plan.geometry().segment_bytes() >> 20, limit, limit_bytes >> 20, limit)};
}

Status Stream::check_memory(const GenerationPlan& plan) const {
    const uint64_t bytes = plan.geometry().segment_bytes();
    if (bytes > config_.max_memory)
        return too_much_memory("the stream's max_memory", config_.max_memory, plan);
    uint64_t others = context_.segment_bytes;
    for (const auto* replaced : {generation_.get(), pending_.get()}) {  // they make room for this one
        if (replaced != nullptr) others -= replaced->geometry().segment_bytes();
    }
    if (others + bytes > context_.config.max_memory) {
        return too_much_memory("what is left of the daemon's max_memory",
                               context_.config.max_memory - std::min(others, context_.config.max_memory),
                               plan);
    }
    return Done{};
}

// The last number that a publisher may use which has come to `used`. A file that can't be written is no reason to let a
// camera go dark.
Result<uint64_t> Stream::reserve_numbers(uint64_t used) {
    const uint64_t left = layout::kLastSequence - std::min(used, layout::kLastSequence);
    const uint64_t through = used + std::clamp<uint64_t>(left, 1, kNumbersAhead);
    Status kept = context_.sequences.reserve(name(), through);
    if (kept) return through;
    if (kept.error().code == Code::limit) return kept.error();
    log_limit_.log(spdlog::level::err, nullptr, name(),
                   name() + ": sequence numbers may repeat after a crash: " + kept.error().message);
    return through;
}

// Not 0, which means none, and none that taps of this stream may still know another segment by: a publisher
// that asks for segments day and night comes round to small numbers again within a month.
uint32_t Stream::next_generation_number() const {
    const auto known = [this](uint32_t number) {
        return (generation_ && generation_->plan().number == number) ||
               std::any_of(closed_.begin(), closed_.end(),
                           [number](const Closed& closed) { return closed.generation == number; });
    };
    uint32_t number = context_.last_generation + 1;
    while (number == 0 || known(number)) ++number;
    return number;
}

Result<const Generation*> Stream::make_generation(uint64_t bytes) {
    if (bytes == 0 || bytes > config_.max_frame_bytes) {
        return Error{Code::too_big, 0,
                     fmt::format("a frame of {} bytes; max_frame_bytes of '{}' is {}", bytes, name(),
                                 config_.max_frame_bytes)};
    }
    if (publisher_ == nullptr) return Error{Code::protocol, 0, "not a publisher"};
    if (Status taken = take_in_published(); !taken) return taken.error();
    GenerationPlan planned = plan(bytes);
    if (planned.slots() > layout::kMaxSlots) {
        return Error{Code::limit, 0,
                     fmt::format("{} slots are more than {}", planned.slots(), layout::kMaxSlots)};
    }
    if (Status fits = check_memory(planned); !fits) return fits.error();
    const Result<uint64_t> through = reserve_numbers(planned.first - 1);
    if (!through) return through.error();
    planned.through = *through;
    if (generation_ && !generation_closed_) absorb_counters(*generation_);
    auto made = Generation::create(planned, counters_, copies_, seating_);
    if (!made) return made.error();  // the generation that it has goes on
    close_generation(true);          // its publisher moves on by itself
    if (next_sequence_ != planned.first) {
        return Error{Code::protocol, 0, "it published frames after it had asked for another segment"};
    }
    drop_pending();
    pending_ = std::move(*made);
    context_.segment_bytes += pending_->geometry().segment_bytes();
    context_.last_generation = planned.number;
    return pending_.get();
}

Status Stream::open_generation(uint32_t number) {
    if (!pending_ || pending_->plan().number != number) {
        return Error{Code::protocol, 0, "it mapped a segment that it wasn't given"};
    }
    if (Status sealed = pending_->seal(); !sealed) return sealed.error();
    std::unique_ptr<Generation> old = std::move(generation_);
    generation_ = std::move(pending_);
    generation_closed_ = false;
    if (state_ != wire::StreamState::live) ask_to_be_told();
    if (old) {
        context_.segment_bytes -= old->geometry().segment_bytes();
        old->announce_successor();  // taps that sleep on it wake and ask; they keep it as long as they need
                                    // it
    }
    tell_change();
    // One may have been published before the publisher could see that we want to be told
    return take_in_published();
}

void Stream::drop_pending() {
    if (pending_) context_.segment_bytes -= pending_->geometry().segment_bytes();
    pending_.reset();
}

void Stream::forget_frames() {
    if (generation_) context_.segment_bytes -= generation_->geometry().segment_bytes();
    generation_.reset();
}

// What the next generation's counters go on from. Frames published are our own count; the publisher may have
// died between publishing a frame and counting it.
void Stream::absorb_counters(const Generation& generation) {
    const layout::SegmentHeader& live = generation.header();
    const layout::Counters newest = generation.newest().counters;
    counters_.source_gap = std::max(newest.source_gap, live.source_gap.load(std::memory_order_relaxed));
    counters_.decode_error = std::max(newest.decode_error, live.decode_error.load(std::memory_order_relaxed));
    counters_.no_slot = std::max(newest.no_slot, live.no_slot.load(std::memory_order_relaxed));
    counters_.captured = published_ + counters_.decode_error + counters_.no_slot;
    copies_ = live.copies.load(std::memory_order_relaxed);
}

// Its frames stay with the taps. Numbers that a publisher which isn't known to be dead may still publish are
// skipped.
void Stream::close_generation(bool publisher_is_dead) {
    if (!generation_ || generation_closed_) return;
    // A publisher that still lives learns with its next frame that nobody is there.
    ask_to_be_told();
    // Taps may have seen frames of a publisher that then lied about how far it had come
    if (!take_in_published()) publisher_is_dead = false;
    const uint64_t last = generation_->accepted();
    generation_closed_ = true;
    closed_.push_back({generation_->plan().number, last});
    if (closed_.size() > kClosedRemembered) closed_.pop_front();
    absorb_counters(*generation_);
    next_sequence_ = (publisher_is_dead ? last : generation_->through()) + 1;
    tell_change();
}

wire::StreamRecord Stream::record() const {
    wire::StreamRecord r{};
    r.name.set(name());
    r.source.set(config_.source);
    r.state = state_;
    r.reason.set(reason_);
    r.published = published_;
    r.depth_frames = config_.depth;
    r.taps = static_cast<uint32_t>(taps_.size());
    r.max_taps = config_.max_taps;
    r.max_pins = config_.max_pins;
    r.restarts = restarts_;
    r.counters = counters_;
    r.copies = copies_;
    if (publisher_ != nullptr) {
        r.publisher_pid = publisher_->spawned ? supervisor_.pid() : publisher_->peer.pid;
        r.publisher_uid = publisher_->spawned ? geteuid() : publisher_->peer.uid;
    }
    if (generation_) record_generation(r);
    return r;
}

void Stream::record_generation(wire::StreamRecord& r) const {
    const layout::FrameRecord newest = generation_->newest();
    const layout::SegmentHeader& live = generation_->header();
    r.generation = generation_->plan().number;
    r.width = newest.width;
    r.height = newest.height;
    r.depth = newest.depth;
    r.channels = newest.channels;
    r.fourcc = newest.fourcc;
    r.frame_bytes = newest.bytes;
    r.newest_capture_ns = newest.capture_ns;
    r.newest_publish_ns = newest.publish_ns;
    r.head = generation_->accepted();
    if (!generation_closed_) {
        r.counters = {
            live.captured.load(std::memory_order_relaxed), live.source_gap.load(std::memory_order_relaxed),
            live.decode_error.load(std::memory_order_relaxed), live.no_slot.load(std::memory_order_relaxed)};
        r.copies = live.copies.load(std::memory_order_relaxed);
    }
    r.memory_bytes = generation_->backed_bytes();
    r.segment_bytes = generation_->geometry().segment_bytes();
    r.slot_count = generation_->geometry().slot_count;
}

}  // namespace camtap
