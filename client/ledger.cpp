#include "client/ledger.h"

#include <algorithm>

namespace camtap::client {

// A counter that goes back is a lie or a restart nobody told of: it has not grown.
static uint64_t growth(uint64_t before, uint64_t now) {
    return now > before ? now - before : 0;
}

// Frames published between the two, by the counters.
static uint64_t unread_by_counters(const layout::Counters& before, const layout::Counters& now) {
    uint64_t left = growth(before.captured, now.captured);
    left = growth(growth(before.decode_error, now.decode_error), left);
    left = growth(growth(before.no_slot, now.no_slot), left);
    return left > 0 ? left - 1 : 0;  // without the frame that is delivered now
}

static camtap_missed missed_between(const layout::Counters& before, const layout::Counters& now,
                                    const Passage& passage) {
    camtap_missed missed{};
    missed.source_gap = growth(before.source_gap, now.source_gap);
    missed.decode_error = growth(before.decode_error, now.decode_error);
    missed.no_slot = growth(before.no_slot, now.no_slot);
    // Within a generation frames are numbered one by one, and that can't be lied about.
    const uint64_t unread = passage.same_generation ? passage.passed : unread_by_counters(before, now);
    const uint64_t passed = passage.same_epoch ? std::min(unread, passage.passed) : 0;
    const uint64_t malformed = std::min(passed, passage.malformed);
    missed.decode_error += malformed;
    (passage.by_choice ? missed.skipped : missed.too_slow) = passed - malformed;
    missed.restart = unread - passed + (passage.same_epoch ? 0 : passage.lost_behind);
    return missed;
}

// Mostly: the frame after the one before.
static bool nothing_missed(const layout::Counters& before, const layout::Counters& now,
                           const Passage& passage) {
    return passage.same_generation && passage.passed == 0 && before.source_gap == now.source_gap &&
           before.decode_error == now.decode_error && before.no_slot == now.no_slot;
}

camtap_missed Ledger::deliver(const layout::Counters& counters, const Passage& passage) {
    camtap_missed missed{};
    if (delivered_ > 0 && !nothing_missed(last_, counters, passage)) missed = book_missed(counters, passage);
    expected_ += 1;
    delivered_ += 1;
    last_ = counters;
    return missed;
}

camtap_missed Ledger::book_missed(const layout::Counters& counters, const Passage& passage) {
    const camtap_missed missed =
        missed_between(passage.same_epoch ? last_ : layout::Counters{}, counters, passage);
    missed_.source_gap += missed.source_gap;
    missed_.decode_error += missed.decode_error;
    missed_.no_slot += missed.no_slot;
    missed_.too_slow += missed.too_slow;
    missed_.skipped += missed.skipped;
    missed_.restart += missed.restart;
    expected_ += missed.source_gap + missed.decode_error + missed.no_slot + missed.too_slow + missed.skipped +
                 missed.restart;
    return missed;
}

}  // namespace camtap::client
