#include "graph.h"

#include <algorithm>

#include "common/check.h"

namespace camtap::weak {

uint8_t Graph::add_location(uint64_t initial) {
    const auto location = static_cast<uint8_t>(locations_.size());
    locations_.emplace_back();
    Event event = next(0, Label{Kind::store, {}, location, initial});
    event.value_written = initial;
    CAMTAP_CHECK(add(event, 0));
    return location;
}

size_t Graph::position(EventId write) const {
    const auto& writes = locations_[at(write).location].writes;
    return static_cast<size_t>(std::find(writes.begin(), writes.end(), write) - writes.begin());
}

Event Graph::next(size_t thread, const Label& label) const {
    const auto& events = threads_[thread];
    CAMTAP_CHECK(events.size() < 250);
    Event event;
    static_cast<Label&>(event) = label;
    event.id = {static_cast<uint8_t>(thread), static_cast<uint8_t>(events.size())};
    if (!events.empty()) {
        event.before = events.back().before;
        event.causes = events.back().causes;
    } else if (thread != 0) {  // the initial state happens before everything
        event.before[0] = event.causes[0] = static_cast<uint8_t>(threads_[0].size());
    }
    event.before[thread] = event.causes[thread] = static_cast<uint8_t>(events.size() + 1);
    event.value_written = label.operand;
    return event;
}

void Graph::read_from(Event& event, size_t position) const {
    const Event& source = at(locations_[event.location].writes[position]);
    event.source = source.id;
    event.value_read = source.value_written;
    if (event.kind == Kind::fetch_add) event.value_written = source.value_written + event.operand;
    join(event.causes, source.causes);
    if (event.order.acquire) join(event.before, source.message);
}

size_t Graph::oldest_coherent(const Event& event) const {
    const Location& location = locations_[event.location];
    size_t oldest = 0;
    for (EventId id : location.accesses) {
        if (id == event.id || !contains(event.before, id)) continue;
        const Event& earlier = at(id);
        oldest = std::max(oldest, position(earlier.writes() ? id : earlier.source));
    }
    return oldest;
}

bool Graph::splits_update(uint8_t location, size_t position) const {
    const auto& writes = locations_[location].writes;
    return position < writes.size() && at(writes[position]).updates();
}

std::optional<EventId> Graph::race(const Event& event) const {
    for (EventId id : locations_[event.location].accesses) {
        const bool conflict = event.writes() || at(id).writes();
        if (conflict && id != event.id && !contains(event.before, id)) return id;
    }
    return std::nullopt;
}

bool Graph::add(Event event, size_t position) {
    event.stamp = event.stamp == 0 ? ++stamp_ : event.stamp;
    if (event.updates()) event.message = at(event.source).message;
    if (event.writes() && event.order.release) join(event.message, event.before);
    Location& location = locations_[event.location];
    if (event.writes()) {
        location.writes.insert(location.writes.begin() + static_cast<ptrdiff_t>(position), event.id);
    }
    location.accesses.push_back(event.id);
    threads_[event.id.thread].push_back(event);
    if (!event.order.seq_cst) return true;
    seq_cst_.push_back(event.id);
    return has_order_s_with(event.id);
}

void Graph::remove_last(size_t thread) {
    const Event& event = threads_[thread].back();
    Location& location = locations_[event.location];
    if (event.writes()) std::erase(location.writes, event.id);
    std::erase(location.accesses, event.id);
    if (event.order.seq_cst) std::erase(seq_cst_, event.id);
    threads_[thread].pop_back();
}

void Graph::truncate(const Clock& lengths) {
    const auto gone = [&](EventId id) { return !contains(lengths, id); };
    for (Location& location : locations_) {
        std::erase_if(location.writes, gone);
        std::erase_if(location.accesses, gone);
    }
    std::erase_if(seq_cst_, gone);
    for (size_t t = 0; t < kMaxThreads; ++t) threads_[t].resize(lengths[t]);
}

// Twice the position of the write, plus 1 for what only reads it: a lower rank is coherence-ordered before.
size_t Graph::coherence_rank(const Event& event) const {
    return event.writes() ? 2 * position(event.id) : 2 * position(event.source) + 1;
}

// Must `a` precede `b` in S, for a reason that involves no third seq_cst operation?
bool Graph::before_in_s(const Event& a, const Event& b) const {
    if (a.id.thread == b.id.thread) return a.id.index < b.id.index;
    if (a.location == b.location && coherence_rank(a) < coherence_rank(b)) return true;
    // strongly happens before: a, then its successor, which happens before the predecessor of b, then b
    if (b.id.index == 0) return false;
    const EventId successor{a.id.thread, static_cast<uint8_t>(a.id.index + 1)};
    return contains(threads_[b.id.thread][b.id.index - 1u].before, successor);
}

// There was an S before `last` was added; so if there is none now, some path leads from it to itself.
bool Graph::has_order_s_with(EventId last) const {
    std::vector<bool> reached(seq_cst_.size());
    std::vector<EventId> open{last};
    while (!open.empty()) {
        const Event& a = at(open.back());
        open.pop_back();
        for (size_t i = 0; i < seq_cst_.size(); ++i) {
            const EventId b = seq_cst_[i];
            if (reached[i] || b == a.id || !before_in_s(a, at(b))) continue;
            if (b.thread == last.thread) return false;  // `last` is the last of its thread
            reached[i] = true;
            open.push_back(b);
        }
    }
    return true;
}

std::string Graph::key() const {
    std::string key;
    const auto append = [&key](EventId id) {
        key += static_cast<char>(id.thread);
        key += static_cast<char>(id.index);
    };
    for (const auto& events : threads_) {
        key += static_cast<char>(events.size());
        for (const Event& event : events) append(event.reads() ? event.source : event.id);
    }
    for (const Location& location : locations_) {
        for (EventId id : location.writes) append(id);
    }
    return key;
}

}  // namespace camtap::weak
