#include "sharing.h"

#include <algorithm>
#include <bit>

#include "common/pins.h"

namespace camtap::weak {

using Fault = SharingPlan::Fault;

static std::string numbered(const char* name, uint32_t i) {
    return std::string(name) + "[" + std::to_string(i) + "]";
}

Sharing::Sharing(Explorer& explorer, const SharingPlan& plan)
    : explorer_(explorer),
      plan_(plan),
      head_(explorer, "head"),
      seating_(explorer, "seating"),
      asked_(explorer, "asked"),
      questions_(explorer, "question"),
      answers_(explorer, "answer"),
      left_(explorer, "end of file") {
    for (uint32_t s = 0; s < plan.slots(); ++s) {
        sequence_.emplace_back(explorer, "sequence", numbered("sequence", s), 0);
        payload_.emplace_back(explorer, numbered("payload", s));
    }
    for (uint32_t i = 0; i < std::bit_ceil(plan.depth + plan.stock); ++i) {
        index_.emplace_back(explorer, "index", numbered("index", i), 0);
    }
    for (uint32_t t = 0; t < plan.taps; ++t) {
        for (uint32_t w = 0; w < plan.pin_words; ++w) {
            const std::string of_tap = numbered("pin", t + 1);
            pins_.emplace_back(explorer, "pin", plan.pin_words == 1 ? of_tap : of_tap + numbered("", w), 0);
        }
    }
    for (uint32_t t = plan.early_taps(); t < plan.taps; ++t) {
        told_.emplace_back(explorer, numbered("segment", t + 1));
    }
    explorer.add_thread("publisher", [this] { publish_frames(); });
    if (plan.late_taps != 0) explorer.add_thread("daemon", [this] { change_seats(); });
    for (uint32_t t = 0; t < plan.taps; ++t) {
        explorer.add_thread("tap " + std::to_string(t + 1), [this, t] { look_around(t); });
    }
}

// ---- seats ----

// A seat, as the daemon and the publisher each note it.
struct Sharing::Seat {
    uint64_t change = 0;  // the number of the last one
    uint32_t tap = 0;     // who has it, from 1 on; 0: nobody
};

std::vector<Sharing::Seat> Sharing::first_seats() const {
    std::vector<Seat> seats(plan_.seats());
    for (uint32_t t = 0; t < plan_.early_taps(); ++t) seats[t].tap = t + 1;
    return seats;
}

// As a message, a byte each. (A question is the change that is wanted at the least; 0: there will be none.)
struct Answer {
    uint64_t newest;
    uint64_t change;
    uint64_t seat;
    uint64_t tap;

    static Answer of(uint64_t message) {
        return {message >> 24, message >> 16 & 0xff, message >> 8 & 0xff, message & 0xff};
    }
    uint64_t message() const { return newest << 24 | change << 16 | seat << 8 | tap; }
};

// ---- publisher ----

struct Sharing::Publisher {
    Sharing& ring;
    const Fault fault;
    std::vector<uint32_t> free;  // the one freed last at the end
    std::vector<uint32_t> retired;
    std::vector<uint32_t> visible;
    std::vector<Seat> seats;
    uint64_t change = 0;  // the newest that it knows of
    uint64_t questions = 0;
    bool asking = false;
    uint64_t pinned = 0;  // the last snapshot: a bit per slot

    explicit Publisher(Sharing& sharing)
        : ring(sharing), fault(sharing.plan_.fault), seats(sharing.first_seats()) {
        for (uint32_t s = ring.plan_.slots(); s-- > 0;) free.push_back(s);
    }

    uint32_t fill(uint64_t n) {
        const bool was_asking = asking;
        if (asking && must_wait()) finish_asking();
        const bool passes = !asking && !(was_asking && fault == Fault::one_pass_only);
        if (passes && (visible.size() > ring.plan_.depth || !retired.empty())) recycle();
        if (asking && must_wait()) finish_asking();
        if (free.empty()) ring.explorer_.fail("no slot is free");
        const uint32_t s = free.back();
        free.pop_back();
        ring.payload_[s].write(n);
        return s;
    }

    bool must_wait() const { return free.empty() || !ring.plan_.hurried; }

    void finish_asking() {
        if (fault == Fault::retired_while_asking) retire_old_frames();
        take_answers();
        free_unpinned();
    }

    // Frees what it can; not if it must ask first.
    void recycle() {
        const bool asks_early = fault == Fault::asked_before_retire && sees_change();
        if (asks_early) {
            ask();
            take_answers();
        }
        const bool early = fault == Fault::seating_read_first && sees_change();
        if (fault == Fault::snapshot_first) pinned = snapshot();
        retire_old_frames();
        const bool looks =
            fault != Fault::seating_read_first && fault != Fault::seating_ignored && !asks_early;
        if (looks ? sees_change() : early) return ask();
        free_unpinned();
    }

    void retire_old_frames() {
        while (visible.size() > ring.plan_.depth) {
            const uint32_t s = visible.front();
            visible.erase(visible.begin());
            if (fault != Fault::no_retire) pins::retire(ring.sequence_[s]);
            retired.push_back(s);
        }
    }

    bool sees_change() const { return pins::newest_seating(ring.seating_) != change; }

    void ask() {
        asking = true;
        ring.asked_.store(++questions, std::memory_order_relaxed);
        ring.questions_.send(change + 1);
        ring.explorer_.observe("a");  // asked
    }

    // Of the questions, too, that follow from the first answer.
    void take_answers() {
        const uint64_t newest = take_answer();
        while (change < newest && fault != Fault::one_answer_only) {
            ask();
            take_answer();
        }
        asking = false;
    }

    uint64_t take_answer() {
        const Answer answer = Answer::of(ring.answers_.receive(questions));
        change = answer.change;
        seats[answer.seat].tap = static_cast<uint32_t>(answer.tap);
        return answer.newest;
    }

    uint64_t snapshot() const {
        uint64_t named = 0;
        for (const Seat& seat : seats) {
            for (uint32_t w = 0; seat.tap != 0 && w < ring.plan_.pin_words; ++w) {
                const uint64_t pin = pins::snapshot(ring.pin_word(seat.tap - 1, w));
                if (pin != 0) named |= uint64_t{1} << (pin - 1);
            }
        }
        return named;
    }

    void free_unpinned() {
        const bool look =
            fault != Fault::snapshot_first && fault != Fault::slot_by_slot && fault != Fault::freed_unseen;
        if (look) pinned = snapshot();
        std::erase_if(retired, [&](uint32_t s) {
            if (fault == Fault::slot_by_slot) pinned = snapshot();
            if ((pinned >> s & 1) != 0) {
                ring.explorer_.observe("k");  // kept for a reader
                return false;
            }
            free.push_back(s);
            return true;
        });
    }
};

// As many frames as the stock allows are being filled when one is published.
void Sharing::publish_frames() {
    Publisher publisher(*this);
    std::vector<uint32_t> slots;
    for (uint64_t n = 1; n <= plan_.frames; ++n) {
        while (slots.size() < std::min<size_t>(plan_.frames, n + plan_.stock - 1)) {
            slots.push_back(publisher.fill(slots.size() + 1));
        }
        const uint32_t s = slots[n - 1];
        pins::publish(sequence_[s], index(n), s, head_, n);
        publisher.visible.push_back(s);
    }
    if (plan_.late_taps != 0) questions_.send(0);
}

// ---- daemon ----

struct Sharing::Daemon {
    Sharing& ring;
    std::vector<Seat> seats;
    uint64_t change = 0;
    uint64_t answered = 0;

    explicit Daemon(Sharing& sharing) : ring(sharing), seats(sharing.first_seats()) {}

    // False: the publisher has nothing more to ask.
    bool answer() {
        const uint64_t wanted = ring.questions_.receive(++answered);
        if (wanted == 0) return false;
        Answer next{change, 0, 0, 0};
        for (size_t s = 0; s < seats.size(); ++s) {
            if (seats[s].change < wanted || (next.change != 0 && next.change < seats[s].change)) continue;
            next = {change, seats[s].change, s, seats[s].tap};
        }
        ring.answers_.send(next.message());
        return true;
    }

    void answer_what_was_asked() {
        while (ring.asked_.load(std::memory_order_relaxed) > answered) answer();
    }

    void take_seat(uint32_t tap) {
        if (ring.plan_.fault != Fault::unseated_unasked) ring.left_.receive(1);
        seats[ring.plan_.seat_of(tap)] = {++change, 0};
        pins::reseat(ring.seating_, change);
    }

    void give_seat(uint32_t tap) {
        Channel& told = ring.told_[tap - ring.plan_.early_taps()];
        seats[ring.plan_.seat_of(tap)] = {++change, tap + 1};
        if (ring.plan_.fault == Fault::told_before_reseat) told.send(1);
        pins::reseat(ring.seating_, change);
        if (ring.plan_.fault != Fault::told_before_reseat) told.send(1);
    }
};

// One thread: a question that was sent before a change is answered before it or after it. Before the first change
// there is nothing to ask.
void Sharing::change_seats() {
    Daemon daemon(*this);
    if (plan_.leaver) daemon.take_seat(0);
    for (uint32_t t = plan_.early_taps(); t < plan_.taps; ++t) {
        if (daemon.change != 0) daemon.answer_what_was_asked();
        daemon.give_seat(t);
    }
    while (daemon.answer()) {
    }
}

// ---- tap ----

void Sharing::look_around(uint32_t tap) {
    if (tap >= plan_.early_taps()) told_[tap - plan_.early_taps()].receive(1);
    const auto order = plan_.hearsay ? std::memory_order_relaxed : std::memory_order_acquire;
    std::vector<std::pair<uint32_t, uint64_t>> held(plan_.pin_words);  // slot and frame; frame 0: none
    for (uint32_t look = 0; look < plan_.looks; ++look) {
        const uint32_t w = look % plan_.pin_words;
        auto& [slot, frame] = held[w];
        if (frame != 0 && !plan_.moves_pins) let_go(pin_word(tap, w), slot, frame);
        if (!plan_.moves_pins) frame = 0;
        const uint64_t head = head_.load(order);
        if (head == 0) continue;
        const uint64_t n = plan_.behind && head > 1 ? head - 1 : head;
        frame = 0;
        slot = static_cast<uint32_t>(index(n).load(order));
        if (!pin(pin_word(tap, w), slot, n)) {
            explorer_.observe("f");  // failed
            continue;
        }
        frame = n;
        read_payload(slot, n);
        explorer_.observe("r");  // read
    }
    if (plan_.leaver && tap == 0) return left_.send(1);  // it dies, say
    for (uint32_t w = 0; w < plan_.pin_words; ++w) {
        if (held[w].second != 0) let_go(pin_word(tap, w), held[w].first, held[w].second);
    }
}

bool Sharing::pin(Word& pin_word, uint32_t slot, uint64_t n) {
    if (plan_.fault != Fault::check_before_pin) {
        return pins::try_pin(pin_word, slot + 1, sequence_[slot], n);
    }
    if (sequence_[slot].load(std::memory_order_seq_cst) != n) return false;
    pin_word.exchange(slot + 1, std::memory_order_seq_cst);
    return true;
}

void Sharing::let_go(Word& pin_word, uint32_t slot, uint64_t n) {
    if (plan_.pin_words > 1) read_payload(slot, n);  // it is held while others are looked at
    pins::unpin(pin_word);
    if (plan_.fault == Fault::read_unpinned) read_payload(slot, n);
}

void Sharing::read_payload(uint32_t slot, uint64_t n) {
    const uint64_t frame = payload_[slot].read();
    if (frame == n) return;
    explorer_.fail("pinned frame " + std::to_string(n) + ", read frame " + std::to_string(frame));
}

}  // namespace camtap::weak
