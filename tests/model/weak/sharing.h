// The life of a ring in the explorer: a publisher, taps, and the daemon that gives them seats. They run the
// functions of pins.h on the explorer's words. What surrounds these functions follows client/publisher.cpp,
// client/tap_segment.cpp and "The pin protocol" of common/PROTOCOL.md.
//
// Some taps have their seats from the beginning, and the publisher knows them. Others are late: the daemon gives
// them seats one by one, and between them, whenever it comes to that, answers the publisher's questions.
//
// Errors: a data race on a payload; a tap that reads another frame than it pinned; no slot is free for the next
// frame; a thread that waits for ever.
#pragma once

#include <deque>
#include <vector>

#include "word.h"

namespace camtap::weak {

struct SharingPlan {
    // What is left out or done at the wrong time. All but `none` must fail.
    enum class Fault {
        none,
        no_retire,             // the publisher doesn't store 0
        snapshot_first,        // the publisher looks at the pins before it retires
        slot_by_slot,          // … once per slot, not once per pass
        freed_unseen,          // … not at all
        seating_ignored,       // the publisher doesn't look for new taps
        seating_read_first,    // … before it retires, not after
        asked_before_retire,   // the publisher asks who taps, and frees what it retired after that
        retired_while_asking,  // … and frees what it retired before the answer
        one_pass_only,         // … and when it knows, doesn't retire what has become old since it asked
        one_answer_only,       // … and is content with the first change that it is told of
        told_before_reseat,    // the daemon tells a new tap of the segment, then stores the change's number
        unseated_unasked,      // the daemon takes a seat away from a tap that hasn't left
        check_before_pin,      // the tap looks at the sequence word before it pins
        read_unpinned,         // the tap reads on after unpin()
    };

    uint32_t taps = 1;
    uint32_t late_taps = 0;  // so many of them, the last ones
    uint32_t pin_words = 1;  // of each tap: it holds that many frames at a time
    uint32_t looks = 2;      // of each tap
    uint32_t frames = 4;
    uint32_t depth = 1;
    uint32_t stock = 1;
    // A tap that comes to know a number and a slot without acquiring them from head: the promise of try_pin()
    // stands by itself.
    bool hearsay = false;
    // A publisher that asks goes on with what is free, and takes the answer when nothing is; then there is more to
    // retire.
    bool hurried = false;
    // The first tap leaves with its pins set, and its seat goes to the first late one.
    bool leaver = false;
    // A tap that looks at the frame before the newest, as one that wants every frame may.
    bool behind = false;
    // A tap that sets its word to the next slot without a 0 between.
    bool moves_pins = false;
    Fault fault = Fault::none;

    uint32_t early_taps() const { return taps - late_taps; }
    uint32_t seats() const { return leaver ? taps - 1 : taps; }
    uint32_t seat_of(uint32_t tap) const {
        if (!leaver || tap < early_taps()) return tap;
        return tap == early_taps() ? 0 : tap - 1;
    }
    uint32_t slots() const { return depth + stock + seats() * pin_words; }
};

// Adds locations and threads to an explorer. Must outlive its exploration.
class Sharing {
  public:
    Sharing(Explorer& explorer, const SharingPlan& plan);

  private:
    struct Seat;
    struct Publisher;
    struct Daemon;

    std::vector<Seat> first_seats() const;

    void publish_frames();
    void change_seats();
    void look_around(uint32_t tap);
    bool pin(Word& pin_word, uint32_t slot, uint64_t n);
    void let_go(Word& pin_word, uint32_t slot, uint64_t n);
    void read_payload(uint32_t slot, uint64_t n);

    Word& pin_word(uint32_t tap, uint32_t word) { return pins_[tap * plan_.pin_words + word]; }
    Word& index(uint64_t n) { return index_[n % index_.size()]; }

    Explorer& explorer_;
    SharingPlan plan_;
    std::deque<Word> sequence_;
    std::deque<Word> index_;
    std::deque<Word> pins_;
    std::deque<Cell> payload_;
    Word head_;
    Word seating_;
    Word asked_;  // how many questions there were: what poll() tells the daemon, with no order of its own
    Channel questions_;
    Channel answers_;
    std::deque<Channel> told_;  // of the segment, one for each late tap
    Channel left_;              // by the tap that leaves
};

}  // namespace camtap::weak
