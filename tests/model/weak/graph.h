// An execution of a concurrent program as C++20 sees it: events, which write each read reads from, the
// modification order of each location; and the rules that say whether such an execution may happen.
//
//   * happens-before: sequenced-before and synchronizes-with. A release sequence is continued by
//     read-modify-writes only ([intro.races] since C++20).
//   * coherence: a read or write never contradicts a write or read of its location that happens before it.
//   * atomicity: a read-modify-write reads the write just before its own in modification order.
//   * seq_cst: there is a total order S of all seq_cst operations, consistent with strongly-happens-before
//     and with coherence-ordered-before ([atomics.order]). S need not agree with happens-before.
//
// Left out: fences, consume, and executions in which sequenced-before ∪ reads-from has a cycle (load
// buffering). Such a cycle needs a load that isn't acquire or a write that isn't release: with the orders
// that pins.h and its callers use there is none, so for them nothing is lost. With a weakened order there are
// more executions in C++20 than are looked at here: a mutant could be missed, never falsely accused.
//
// Events are only added when everything that they depend on is there, so a rule is checked once, when the
// later of two events comes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "event.h"

namespace camtap::weak {

class Graph {
  public:
    uint8_t add_location(uint64_t initial);

    const Event& at(EventId id) const { return threads_[id.thread][id.index]; }
    const std::vector<Event>& thread(size_t t) const { return threads_[t]; }
    // The writes to a location, the initial one first; of a channel: its messages.
    const std::vector<EventId>& writes(uint8_t location) const { return locations_[location].writes; }
    const std::vector<EventId>& accesses(uint8_t location) const { return locations_[location].accesses; }
    size_t position(EventId write) const;  // in the modification order

    // The event that `label` would be, not added yet.
    Event next(size_t thread, const Label& label) const;
    // Makes the write at `position` what `event` reads.
    void read_from(Event& event, size_t position) const;

    // The oldest write that coherence lets `event` read; a write must come after it.
    size_t oldest_coherent(const Event& event) const;
    // Would a write at `position` come between a read-modify-write and what that one read?
    bool splits_update(uint8_t location, size_t position) const;
    // A plain access, unordered with `event`, that makes the program's behaviour undefined.
    std::optional<EventId> race(const Event& event) const;

    // Adds an event; a write goes to `position` in the modification order. False: there is no S any more,
    // so this can't happen; the event is to be removed.
    [[nodiscard]] bool add(Event event, size_t position);
    void remove_last(size_t thread);
    // Keeps the first `lengths[t]` events of each thread; what is kept must not read from what isn't.
    void truncate(const Clock& lengths);

    // Names this execution: equal keys, equal executions.
    std::string key() const;

  private:
    struct Location {
        std::vector<EventId> writes;
        std::vector<EventId> accesses;  // in the order in which they were added
    };

    bool has_order_s_with(EventId last) const;
    bool before_in_s(const Event& a, const Event& b) const;
    size_t coherence_rank(const Event& event) const;

    std::vector<Event> threads_[kMaxThreads];
    std::vector<Location> locations_;
    std::vector<EventId> seq_cst_;
    uint32_t stamp_ = 0;
};

}  // namespace camtap::weak
