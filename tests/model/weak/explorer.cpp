#include "explorer.h"

#include <algorithm>

#include "common/check.h"

namespace camtap::weak {

uint8_t Explorer::add_location(const std::string& name, uint64_t initial) {
    location_names_.push_back(name);
    return initial_.add_location(initial);
}

void Explorer::add_thread(const std::string& name, std::function<void()> body) {
    CAMTAP_CHECK(bodies_.size() < kMaxThreads);
    thread_names_.push_back(name);
    bodies_.push_back(std::move(body));
}

Report Explorer::explore() {
    return run(false);
}

Report Explorer::explore_all_interleavings() {
    return run(true);
}

Report Explorer::run(bool all_interleavings) {
    all_interleavings_ = all_interleavings;
    seen_.clear();
    report_ = {};
    graph_ = initial_;
    fronts_.assign(bodies_.size(), Front{});
    fronts_[0].finished = true;
    for (size_t t = 1; t < bodies_.size(); ++t) advance(t);
    visit();
    return report_;
}

// ---- running a thread ----

uint64_t Explorer::perform(Label label, const Site& site) {
    const auto& events = graph_.thread(running_);
    if (replayed_ < events.size()) {
        const Event& event = events[replayed_++];
        CAMTAP_CHECK(event.kind == label.kind && event.location == label.location);
        return event.value_read;
    }
    report_.sites.insert(site);
    if (weakening_ && weakening_->site == site) label.order = weakening_->order;
    fronts_[running_].label = label;
    throw Suspended{};
}

void Explorer::fail(const std::string& why) const {
    throw Failed{why};
}

void Explorer::advance(size_t thread) {
    fronts_[thread] = {};
    fronts_[thread].length = graph_.thread(thread).size();
    running_ = thread;
    replayed_ = 0;
    try {
        bodies_[thread]();
        fronts_[thread].finished = true;
    } catch (const Suspended&) {
    } catch (const Failed& failed) {
        report_failure(thread_names_[thread] + ": " + failed.why);
    }
}

bool Explorer::ready(size_t thread) const {
    const Front& front = fronts_[thread];
    if (front.finished) return false;
    const Label& label = front.label;
    return label.kind != Kind::receive || graph_.writes(label.location).size() > label.operand;
}

// ---- the search ----

void Explorer::visit() {
    bool any = false;
    for (size_t t = 1; t < fronts_.size() && report_.failure.empty(); ++t) {
        if (!ready(t)) continue;
        any = true;
        branch(t);
        if (!all_interleavings_) break;
    }
    if (!any && report_.failure.empty()) complete();
}

void Explorer::branch(size_t thread) {
    Event event = graph_.next(thread, fronts_[thread].label);
    switch (event.kind) {
        case Kind::load:
            return branch_load(event);
        case Kind::store:
            return branch_store(event);
        case Kind::exchange:
        case Kind::fetch_add:
            return branch_update(event);
        case Kind::plain_read:
        case Kind::plain_write:
            return access_plain(event);
        case Kind::send:
            return extend(event, graph_.writes(event.location).size());
        case Kind::receive:
            graph_.read_from(event, event.operand);
            return extend(event, 0);
    }
}

void Explorer::branch_load(const Event& event) {
    const size_t oldest = graph_.oldest_coherent(event);
    for (size_t p = graph_.writes(event.location).size(); p-- > oldest;) {
        Event load = event;
        graph_.read_from(load, p);
        extend(load, 0);
    }
}

void Explorer::branch_store(const Event& event) {
    const size_t oldest = graph_.oldest_coherent(event);
    for (size_t p = graph_.writes(event.location).size(); p > oldest; --p) {
        if (!graph_.splits_update(event.location, p)) extend(event, p);
    }
    offer_to_earlier_reads(event);
}

void Explorer::branch_update(const Event& event) {
    const size_t oldest = graph_.oldest_coherent(event);
    for (size_t p = graph_.writes(event.location).size(); p-- > oldest;) {
        Event update = event;
        graph_.read_from(update, p);
        if (!graph_.splits_update(event.location, p + 1)) extend(update, p + 1);
        offer_to_earlier_reads(update);
    }
}

// No choice: whatever isn't ordered with it is a race, and what is leaves one write to read.
void Explorer::access_plain(Event event) {
    if (const auto other = graph_.race(event)) {
        if (event.reads()) event.value_read = 0;
        return report_failure("data race: " + describe(event) + "\n  with " + describe(graph_.at(*other)));
    }
    if (event.reads()) graph_.read_from(event, graph_.writes(event.location).size() - 1);
    extend(event, graph_.writes(event.location).size());
}

void Explorer::extend(const Event& event, size_t position) {
    if (!report_.failure.empty()) return;
    const size_t thread = event.id.thread;
    const bool consistent = graph_.add(event, position);
    ++report_.events;
    if (consistent && (!all_interleavings_ || seen_.insert(graph_.key()).second)) {
        const Front front = fronts_[thread];
        advance(thread);
        visit();
        fronts_[thread] = front;
    }
    graph_.remove_last(thread);
}

void Explorer::complete() {
    ++report_.executions;
    std::string outcome;
    for (size_t t = 1; t < fronts_.size(); ++t) {
        if (!fronts_[t].finished) return report_failure(thread_names_[t] + " waits for ever");
        outcome += (t == 1 ? "" : " ") + fronts_[t].observed;
    }
    for (uint8_t l = 0; final_values_ && l < location_names_.size(); ++l) {
        outcome += (l == 0 ? " | " : " ") + std::to_string(graph_.at(graph_.writes(l).back()).value_written);
    }
    ++report_.outcomes[outcome];
}

// ---- a write comes after the reads that could read it ----

void Explorer::offer_to_earlier_reads(const Event& write) {
    if (all_interleavings_) return;
    const std::vector<EventId> accesses = graph_.accesses(write.location);
    for (EventId id : accesses) {
        const Event reader = graph_.at(id);
        if (!reader.reads() || contains(write.causes, id) || !report_.failure.empty()) continue;
        const Clock lengths = kept(reader, write);
        if (may_forget(lengths, write)) revisit(reader, write, lengths);
    }
}

// What stays if `reader` reads `write` instead: what was there before `reader`, and what `write` depends on.
Clock Explorer::kept(const Event& reader, const Event& write) const {
    Clock lengths{};
    for (size_t t = 0; t < kMaxThreads; ++t) {
        const auto& events = graph_.thread(t);
        size_t length = std::min<size_t>(write.causes[t], events.size());
        while (length < events.size() && events[length].stamp < reader.stamp) ++length;
        lengths[t] = static_cast<uint8_t>(length);
    }
    return lengths;
}

bool Explorer::may_forget(const Clock& lengths, const Event& write) const {
    for (size_t t = 1; t < fronts_.size(); ++t) {
        const auto& events = graph_.thread(t);
        for (size_t i = lengths[t]; i < events.size(); ++i) {
            if (!is_maximal(events[i], write)) return false;
        }
    }
    return true;
}

// Did `event` read the newest, or write last, of what was there then or is needed for `write`; and has no
// earlier read been made to read it?
bool Explorer::is_maximal(const Event& event, const Event& write) const {
    if (event.plain() || event.kind == Kind::send || event.kind == Kind::receive) return true;
    const auto was_there = [&](const Event& e) {
        return e.stamp <= event.stamp || contains(write.causes, e.id);
    };
    const EventId newest = event.reads() ? event.source : event.id;
    if (!was_there(graph_.at(newest))) return false;
    const size_t position = graph_.position(newest);
    for (EventId id : graph_.accesses(event.location)) {
        const Event& other = graph_.at(id);
        if (id == event.id || !was_there(other)) continue;
        if (event.writes() && other.reads() && other.source == event.id) return false;
        if (other.writes() && graph_.position(id) > position) return false;
    }
    return true;
}

void Explorer::revisit(const Event& reader, const Event& write, const Clock& lengths) {
    const Graph graph = graph_;
    const std::vector<Front> fronts = fronts_;
    graph_.truncate(lengths);
    const size_t source = write.updates() ? graph_.position(write.source) : graph_.oldest_coherent(write);
    const size_t last = write.updates() ? source + 1 : graph_.writes(write.location).size();
    for (size_t p = source + 1; p <= last && report_.failure.empty(); ++p) {
        if (graph_.splits_update(write.location, p)) continue;
        if (graph_.add(write, p)) reread(reader, p);
        graph_.remove_last(write.id.thread);
    }
    graph_ = graph;
    fronts_ = fronts;
}

void Explorer::reread(const Event& reader, size_t position) {
    Event again = graph_.next(reader.id.thread, reader);
    again.stamp = reader.stamp;
    if (graph_.oldest_coherent(again) > position) return;
    graph_.read_from(again, position);
    report_.events += 2;
    if (graph_.add(again, position + 1)) {
        for (size_t t = 1; t < fronts_.size(); ++t) {
            if (t == reader.id.thread || graph_.thread(t).size() != fronts_[t].length) advance(t);
        }
        visit();
    }
    graph_.remove_last(reader.id.thread);
}

// ---- words ----

void Explorer::report_failure(const std::string& why) {
    if (!report_.failure.empty()) return;
    report_.failure = why;
    report_.execution = describe_execution();
}

static const char* name(const Order& order) {
    if (order.seq_cst) return "seq_cst";
    if (order.acquire && order.release) return "acq_rel";
    return order.acquire ? "acquire" : order.release ? "release" : "relaxed";
}

std::string Explorer::describe(const Event& event) const {
    static constexpr const char* kNames[] = {"load",       "store",       "exchange", "fetch_add",
                                             "plain read", "plain write", "send",     "receive"};
    std::string text = thread_names_[event.id.thread] + ": ";
    if (*event.function != '\0') text += std::string(event.function) + ": ";
    text += location_names_[event.location] + " " + kNames[static_cast<size_t>(event.kind)];
    if (event.writes()) text += " " + std::to_string(event.value_written);
    if (event.reads()) text += " reads " + std::to_string(event.value_read);
    if (event.kind <= Kind::fetch_add) text += std::string(", ") + name(event.order);
    return text;
}

// In an order in which each event comes after those that it depends on.
std::string Explorer::describe_execution() const {
    std::vector<std::pair<int, const Event*>> events;
    for (size_t t = 1; t < kMaxThreads; ++t) {
        for (const Event& event : graph_.thread(t)) {
            int depth = 0;
            for (uint8_t count : event.causes) depth += count;
            events.emplace_back(depth, &event);
        }
    }
    std::stable_sort(events.begin(), events.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string text;
    for (const auto& [depth, event] : events) text += "  " + describe(*event) + "\n";
    return text;
}

}  // namespace camtap::weak
