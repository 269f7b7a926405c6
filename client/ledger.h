// The arithmetic of missed frames: which frames did a tap not get, and why.
#pragma once

#include <cstdint>

#include "camtap/camtap.h"
#include "common/layout.h"

namespace camtap::client {

// How a tap came from the frame that it got before to the one that it gets now.
struct Passage {
    bool same_generation = true;
    bool same_epoch = true;    // of one run of the daemon: the counters go on
    bool by_choice = false;    // a call of latest: what was passed over is skipped, not too_slow
    uint64_t passed = 0;       // published frames between the two, in generations that this tap looked at
    uint64_t lost_behind = 0;  // another epoch: published in the old one after the frame before
    uint64_t malformed = 0;    // of `passed`: those whose description didn't fit
};

// Invariant: expected == delivered + sum of missed, for whatever counters a publisher makes up (modulo 2^64).
// That holds by construction: each frame adds to `expected` what it adds to the other side.
class Ledger {
  public:
    // Books one delivered frame with the counters of its record; returns what was missed just before it.
    [[gnu::hot]] camtap_missed deliver(const layout::Counters& counters, const Passage& passage);

    uint64_t expected() const { return expected_; }
    uint64_t delivered() const { return delivered_; }
    const camtap_missed& missed() const { return missed_; }

  private:
    [[gnu::cold]] camtap_missed book_missed(const layout::Counters& counters, const Passage& passage);

    uint64_t expected_ = 0;
    uint64_t delivered_ = 0;
    layout::Counters last_;
    camtap_missed missed_{};
};

}  // namespace camtap::client
