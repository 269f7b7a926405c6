// The life of a ring in the explorer: a publisher, the daemon and taps, who run the functions of pins.h on
// the explorer's words. What surrounds these functions follows client/publisher.cpp, daemon/slot_pool.cpp and
// client/tap_segment.cpp.
//
// Errors: a data race on a payload; a tap that reads another frame than it pinned; a grant that can't be
// filled; a publisher that keeps the rules and is taken for one that doesn't; a thread that waits for ever.
#pragma once

#include <deque>
#include <vector>

#include "word.h"

namespace camtap::weak {

struct SharingPlan {
    // What is left out or done at the wrong time. All but `none` must fail.
    enum class Fault {
        none,
        no_retire,         // the daemon doesn't store 0
        snapshot_first,    // … before it retires
        slot_by_slot,      // … once per slot, not once per pass
        grant_unseen,      // … not at all
        check_before_pin,  // the tap looks at the sequence word before it pins
        read_unpinned,     // the tap reads on after unpin()
    };

    uint32_t taps = 1;
    uint32_t pin_words = 1;  // of each tap: it holds that many frames at a time
    uint32_t looks = 2;      // of each tap
    uint32_t frames = 4;
    uint32_t depth = 1;
    uint32_t stock = 1;
    // A tap that comes to know a number and a slot without acquiring them from head: the promise of try_pin()
    // stands by itself.
    bool hearsay = false;
    // A tap that looks at the frame before the newest, as one that wants every frame may.
    bool behind = false;
    // A tap that sets its word to the next slot without a 0 between.
    bool moves_pins = false;
    Fault fault = Fault::none;

    uint32_t slots() const { return depth + stock + taps * pin_words; }
};

// Adds locations and threads to an explorer. Must outlive its exploration.
class Sharing {
  public:
    Sharing(Explorer& explorer, const SharingPlan& plan);

  private:
    struct Daemon;

    void publish_frames();
    void serve();
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
    Channel asks_;
    Channel grants_;
};

}  // namespace camtap::weak
