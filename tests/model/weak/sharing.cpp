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
      asks_(explorer, "ask"),
      grants_(explorer, "grant") {
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
    explorer.add_thread("publisher", [this] { publish_frames(); });
    explorer.add_thread("daemon", [this] { serve(); });
    for (uint32_t t = 0; t < plan.taps; ++t) {
        explorer.add_thread("tap " + std::to_string(t + 1), [this, t] { look_around(t); });
    }
}

// ---- publisher ----

// A grant as a message: one byte per slot, slot + 1, the best one in the lowest byte.
void Sharing::publish_frames() {
    std::vector<uint32_t> unused;  // the best one last
    for (uint32_t s = plan_.stock; s-- > 0;) unused.push_back(s);
    bool asking = false;
    uint64_t granted = 0;
    for (uint64_t n = 1; n <= plan_.frames; ++n) {
        if (unused.empty()) {
            asking = false;
            for (uint64_t grant = grants_.receive(++granted); grant != 0; grant >>= 8) {
                unused.insert(unused.begin(), static_cast<uint32_t>(grant & 0xff) - 1);
            }
        }
        const uint32_t s = unused.back();
        unused.pop_back();
        payload_[s].write(n);
        pins::publish(sequence_[s], index(n), s, head_, n);
        if (!asking && unused.size() <= 1) {
            asks_.send(1);
            asking = true;
        }
    }
    asks_.send(0);
}

// ---- daemon ----

struct Sharing::Daemon {
    enum class Hand { free, granted, visible, retired };
    std::vector<Hand> hands;
    std::vector<uint32_t> free;  // the one freed last at the end
    std::vector<uint32_t> retired;
    std::vector<uint32_t> visible;
    uint32_t granted = 0;
    uint64_t accepted = 0;

    explicit Daemon(const SharingPlan& plan) : hands(plan.slots(), Hand::free) {
        for (uint32_t s = plan.slots(); s-- > 0;) free.push_back(s);
        grant(plan.stock);
    }

    uint64_t grant(uint32_t stock) {
        uint64_t message = 0;
        for (uint32_t shift = 0; granted < stock && !free.empty(); ++granted, shift += 8) {
            message |= uint64_t{free.back() + 1} << shift;
            hands[free.back()] = Hand::granted;
            free.pop_back();
        }
        return message;
    }

    // What the publisher did since the last time. False: something that it may not do.
    bool accept(Sharing& ring) {
        const uint64_t head = ring.head_.load(std::memory_order_acquire);
        if (head - accepted > granted) return false;
        while (accepted != head) {
            const uint64_t n = ++accepted;
            const uint64_t s = ring.index(n).load(std::memory_order_acquire);
            if (s >= hands.size() || hands[s] != Hand::granted) return false;
            if (ring.sequence_[s].load(std::memory_order_acquire) != n) return false;
            hands[s] = Hand::visible;
            visible.push_back(static_cast<uint32_t>(s));
            --granted;
        }
        return true;
    }

    void retire_old_frames(Sharing& ring) {
        while (visible.size() > ring.plan_.depth) {
            const uint32_t s = visible.front();
            visible.erase(visible.begin());
            if (ring.plan_.fault != Fault::no_retire) pins::retire(ring.sequence_[s]);
            hands[s] = Hand::retired;
            retired.push_back(s);
        }
    }

    uint64_t snapshot(Sharing& ring) {
        uint64_t pinned = 0;
        for (const Word& word : ring.pins_) {
            const uint64_t pin = pins::snapshot(word);
            if (pin != 0) pinned |= uint64_t{1} << (pin - 1);
        }
        return pinned;
    }

    void free_unpinned(Sharing& ring, uint64_t pinned) {
        std::erase_if(retired, [&](uint32_t s) {
            if (ring.plan_.fault == Fault::slot_by_slot) pinned = snapshot(ring);
            if ((pinned >> s & 1) != 0) {
                ring.explorer_.observe("k");  // kept for a reader
                return false;
            }
            hands[s] = Hand::free;
            free.push_back(s);
            return true;
        });
    }
};

void Sharing::serve() {
    Daemon daemon(plan_);
    for (uint64_t ask = 1; asks_.receive(ask) != 0; ++ask) {
        if (!daemon.accept(*this)) explorer_.fail("a publisher that keeps the rules is thrown out");
        uint64_t pinned = plan_.fault == Fault::snapshot_first ? daemon.snapshot(*this) : 0;
        daemon.retire_old_frames(*this);
        const bool look = plan_.fault != Fault::snapshot_first && plan_.fault != Fault::slot_by_slot &&
                          plan_.fault != Fault::grant_unseen;
        if (look && !daemon.retired.empty()) pinned = daemon.snapshot(*this);
        daemon.free_unpinned(*this, pinned);
        const uint64_t message = daemon.grant(plan_.stock);
        if (daemon.granted < plan_.stock) explorer_.fail("no slot is free");
        grants_.send(message);
    }
}

// ---- tap ----

void Sharing::look_around(uint32_t tap) {
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
