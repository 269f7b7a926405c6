// The frames that a tap may read, over generations: which one is next, which one is newest.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "client/ledger.h"
#include "client/session.h"
#include "client/tap_segment.h"

namespace camtap::client {

// A frame that is pinned, or a pin for one, or nothing; only of a frame do the numbers mean something.
struct Pinned {
    std::shared_ptr<const TapSegment> segment;
    uint64_t sequence = 0;
    uint32_t slot = 0;
    Pin pin;  // last member: let go before the segment is unmapped

    [[gnu::noinline]] void bind(const std::shared_ptr<const TapSegment>& to) { segment = to; }
    [[gnu::hot, gnu::noinline, gnu::flatten]] void unbind() { segment.reset(); }
    [[gnu::cold]] void let_go() {
        pin.let_go();
        segment.reset();
    }
};

// What became of an attempt to pin; nothing is pinned unless it is done.
enum class Pinning {
    done,
    nothing_there,
    no_pin,  // every one is in use
};

// Generations in order, the one to be read from first; each is drained before the next one begins.
// Invariant: only the last generation may be open, that is, get more frames.
// Looking doesn't change anything: next() and newest() pin a frame, pass() or deliver() then move beyond it.
class Timeline {
  public:
    // A new generation, read under `session`'s pins. `previous_last` ends the one before: its last number, or
    // kUnknownLast: what has been published by now. `from_newest`: begin with the newest frame that is there.
    void add(std::shared_ptr<const TapSegment> segment, std::shared_ptr<Session> session,
             uint64_t previous_last, bool from_newest);
    static constexpr uint64_t kUnknownLast = ~uint64_t{0};

    // The daemon has confirmed to another session that this generation is the newest one: its publisher looks at the
    // pins of this session, too, or asks for them. Older ones are read on under the pins that they began with. True: it
    // was another session until now.
    bool adopt(const std::shared_ptr<const TapSegment>& newest, const std::shared_ptr<Session>& session);
    // No frames beyond those that are there now, until thaw(): the daemon wants this tap no more.
    void freeze();
    void thaw();

    // Claims a pin for a frame of the newest generation, so that to pin one takes less. `into` may own
    // one of whatever session. To be done again, with another, when a generation or a session has come.
    [[gnu::hot]] void prepare(Pinned& into) const;
    // Pins the frame after the one passed last, or the oldest that is left. `into` pins none before.
    [[gnu::hot]] Pinning next(Pinned& into);
    // The same with the newest frame that was not passed, in the newest generation that has one.
    [[gnu::hot, gnu::noinline]] Pinning newest(Pinned& into) const;

    // The frame is not to be seen again, but wasn't delivered: its description is nonsense.
    void pass(const Pinned& frame);
    // The same for a frame that is handed out; says how the tap came to it from the one delivered before.
    [[gnu::hot]] Passage deliver(const Pinned& frame, bool by_choice);

    // For the daemon's nudge: the last number passed in this generation, first − 1 if none.
    uint64_t passed_in(uint32_t generation, uint64_t instance) const;

  private:
    struct Generation {
        std::shared_ptr<const TapSegment> segment;
        std::shared_ptr<Session> session;
        uint64_t last = kOpen;   // highest number to be read
        uint64_t passed = 0;     // nothing up to here is looked for again
        uint64_t delivered = 0;  // the frame handed out last, or the number before the first one
        uint64_t instance() const { return segment->terms().instance; }
        [[gnu::hot]] uint64_t limit() const;
    };
    static constexpr uint64_t kOpen = ~uint64_t{0};
    static constexpr size_t kMaxGenerations = 4;  // a source that crashes in a loop mustn't pile up memory

    Generation& front() { return generations_[0]; }
    Generation& back() { return generations_[count_ - 1]; }
    const Generation& back() const { return generations_[count_ - 1]; }
    void drop_first();
    void drop_before(const Pinned& frame);
    // With the pin that `into` has claimed.
    static bool try_pin(const Generation& generation, uint64_t n, Pinned& into) {
        if (!generation.segment->try_pin(into.pin.word(), n, into.slot)) return false;
        if (into.segment != generation.segment) [[unlikely]]
            into.bind(generation.segment);
        into.sequence = n;
        return true;
    }

    uint64_t dropped_ = 0;    // frames not delivered in generations that were dropped since the last delivery
    uint64_t malformed_ = 0;  // frames passed since the last delivery
    uint64_t last_instance_ = 0;  // where the last delivered frame came from
    uint32_t last_generation_ = 0;
    uint32_t count_ = 0;
    std::array<Generation, kMaxGenerations> generations_;  // in place: one place less to go for each frame
};

}  // namespace camtap::client
