// The pin protocol: how a tap may read a slot in place although the slot will be used again.
//
// It is hazard pointers across processes. A tap that wants to look at frame n in slot s
//
//     1. writes s into one of its own pin words                      (exchange, seq_cst)
//     2. loads the slot's sequence word; is it still n?              (load, seq_cst)
//
// and the publisher that wants to use slot s again
//
//     A. stores 0 into the slot's sequence word                      (store, seq_cst)
//     B. loads the segment's seating word: does it know every tap?   (load, seq_cst)
//     C. loads every pin word of every tap once; is s among them?    (load, seq_cst)
//
// Sequentially consistent operations have one order that all threads agree on. If 1 comes before C in it, the
// publisher sees the pin and leaves the slot alone. Otherwise C is before 1, hence A before C before 1 before 2:
// the tap sees 0 and lets go. So never both "the tap reads" and "the slot is written again".
//
// That holds for the pin words that the publisher looks at. Before a new tap is told of a segment the daemon stores
// the number of this change into the segment's seating word (seq_cst). A publisher that finds the old number in B
// comes before that store, so A before B before it before 1 before 2: this tap, too, sees 0 of any slot retired so
// far. One that finds another number asks the daemon, after A, and then looks at all pages that it is told of: a tap
// that comes after the daemon's answer comes after A. Slots retired after the question wait for the next one.
//
// That a *released* pin is safe to act on is a second argument: unpin stores 0 with release, and a load in C
// that reads this 0 synchronises with it; so all reads of the payload happen before the publisher's next write.
// Whatever the tap writes to its word later must release as well, a new pin (for another slot) and the 0 of one that
// failed included: a load in C that reads it has not read the 0 before it, and since C++20 a later store by the same
// thread no longer continues a release sequence (the exchange does, if there was a 0 before it).
//
// All retiring stores come first, then one snapshot of all pin words: a scan slot by slot can be fooled by a
// tap that moves its pin ahead of the scan. A tap that dies, stops or lies only ever keeps the slots that its
// own words name.
//
// The functions are templates over the word type, so that a model checker can run this very code on its own
// atomics.
#pragma once

#include <atomic>
#include <cstdint>

namespace camtap::pins {

// Tap. True: the slot holds frame n and will until unpin(). False: it never will again; nothing is pinned.
template <class Word>
[[nodiscard]] bool try_pin(Word& pin_word, uint64_t pin, const Word& slot_sequence, uint64_t n) {
    pin_word.exchange(pin, std::memory_order_seq_cst);
    if (slot_sequence.load(std::memory_order_seq_cst) == n) return true;
    pin_word.store(0, std::memory_order_release);
    return false;
}

// Tap. After it, the payload must not be touched any more.
template <class Word>
void unpin(Word& pin_word) {
    pin_word.store(0, std::memory_order_release);
}

// Publisher, step A: nobody can newly pin the slot from here on.
template <class Word>
void retire(Word& slot_sequence) {
    slot_sequence.store(0, std::memory_order_seq_cst);
}

// Daemon: the change number `change` of who taps. To be called before a new tap is told of the segment.
template <class Word>
void reseat(Word& seating, uint64_t change) {
    seating.store(change, std::memory_order_seq_cst);
}

// Publisher, step B: the number of the newest change. To be called after every retire() of the pass.
template <class Word>
[[nodiscard]] uint64_t newest_seating(const Word& seating) {
    return seating.load(std::memory_order_seq_cst);
}

// Publisher, step C: to be called once per word and pass, after step B, or after the daemon's answer.
template <class Word>
[[nodiscard]] uint64_t snapshot(const Word& pin_word) {
    return pin_word.load(std::memory_order_seq_cst);
}

// Publisher. Payload and record of slot s are written; makes them frame n.
template <class Word, class IndexWord>
void publish(Word& slot_sequence, IndexWord& index, uint32_t s, Word& head, uint64_t n) {
    slot_sequence.store(n, std::memory_order_release);
    index.store(s, std::memory_order_relaxed);  // comes with head; without that it is a hint for try_pin()
    head.store(n, std::memory_order_seq_cst);   // seq_cst, not release, for the handshake with `armed` below
}

// Publisher, after publish(): does some tap want the daemon to be told?
template <class Word32>
[[nodiscard]] bool armed(const Word32& armed_word) {
    return armed_word.load(std::memory_order_seq_cst) != 0;
}

// Daemon: asks the publisher to tell of each frame from now on.
template <class Word32>
void ask_to_be_told(Word32& armed_word) {
    armed_word.store(1, std::memory_order_seq_cst);
}

// Daemon: the newest frame. After ask_to_be_told(), a frame published before the publisher could see the wish is
// in it, and one published later will be told of.
template <class Word>
[[nodiscard]] uint64_t newest(const Word& head) {
    return head.load(std::memory_order_seq_cst);
}

}  // namespace camtap::pins
