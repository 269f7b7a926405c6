// A publisher's slots and the taps' pins: the input plays the taps, honest or lying, and the daemon that seats them,
// and says when each does its next step. The pool keeps its promises to the honest ones, and to its publisher.
#include "client/slot_pool.h"

#include <fcntl.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "client/seats.h"
#include "common/check.h"
#include "common/pins.h"
#include "tests/fuzz/input.h"
#include "tests/unit/segment_in_memory.h"

namespace camtap::fuzz {
namespace {

using client::PinWords;

constexpr uint32_t kGeneration = 7;
constexpr uint32_t kWordsPerTap = 4;
// No camera gets so far, and no input either from there to the end.
constexpr uint64_t kLastFirst = layout::kLastSequence - (uint64_t{1} << 32);

client::ProcessMark mark() {
    static const client::ProcessMark mark = *client::ProcessMark::current();
    return mark;
}

// A frame that an honest tap looks at, or that its publisher wants to stay visible.
struct Frame {
    uint32_t slot;
    uint64_t sequence;
};

// A tap, from its seat on. Each session has a page of its own.
struct Tap {
    UniqueFd page = std::move(*create_memfd("fuzzed-page", layout::kPage));
    Mapping mapping = std::move(*Mapping::map(page.get(), layout::kPage, Mapping::Access::read_write));
    std::optional<Frame> held[kWordsPerTap];

    layout::Word64& word(uint32_t i) { return reinterpret_cast<layout::PinPage*>(mapping.data())->pins[i]; }
};

class Stage {
  public:
    explicit Stage(Input& input)
        : input_(input),
          depth_(1 + input.below(4)),
          stock_(1 + input.below(4)),
          most_taps_(1 + input.below(3)),
          first_(std::clamp<uint64_t>(input.about<uint64_t>(1), 1, kLastFirst)),
          slots_(depth_ + stock_ + most_taps_ * kWordsPerTap),
          segment_(slots_, depth_ + stock_, first_),
          pool_(segment_.view, kGeneration, first_, depth_),
          seats_(mark()),
          daemon_seats_(most_taps_) {}

    void play() {
        while (!input_.used_up()) {
            switch (input_.below(8)) {
                case 0:
                    take();
                    break;
                case 1:
                    publish();
                    break;
                case 2:
                    give_back();
                    break;
                case 3:
                    come_or_leave();
                    break;
                case 4:
                    pin();
                    break;
                case 5:
                    unpin();
                    break;
                case 6:
                    lie();
                    break;
                default:
                    recycle();
            }
            check();
        }
    }

  private:
    // ---- the publisher

    void take() {
        const auto free = static_cast<uint32_t>(pool_.free().size());
        if (held_.size() >= stock_ || free == 0) return;
        const uint32_t slot = pool_.take(input_.below(free));
        CAMTAP_CHECK(slot < slots_);
        CAMTAP_CHECK(std::find(held_.begin(), held_.end(), slot) == held_.end());
        held_.push_back(slot);
    }

    uint32_t one_held() {
        const uint32_t which = input_.below(static_cast<uint32_t>(held_.size()));
        const uint32_t slot = held_[which];
        held_.erase(held_.begin() + which);
        return slot;
    }

    void publish() {
        if (held_.empty()) return;
        const uint64_t expected = pool_.next();
        const uint32_t slot = one_held();
        CAMTAP_CHECK(pool_.publish(slot) == expected && pool_.next() == expected + 1);
        visible_.push_back({slot, expected});
    }

    void give_back() {
        if (held_.empty()) return;
        const uint32_t slot = one_held();
        pool_.give_back(slot);
        CAMTAP_CHECK(pool_.free().back() == slot);
    }

    // One step of what client::Publisher does at once; the others have their turn in between.
    void recycle() {
        switch (step_) {
            case Step::begin:
                pool_.retire_old_frames();
                while (visible_.size() > depth_) visible_.pop_front();
                if (pool_.has_retired()) {
                    step_ = Step::retired;
                } else {
                    CAMTAP_CHECK(pool_.free().size() + held_.size() + visible_.size() == slots_);
                }
                return;
            case Step::retired:
                if (pins::newest_seating(segment_.view.header().seating) == seats_.known())
                    return look_at_pins();
                target_ = 0;
                step_ = Step::asked;
                return;
            case Step::asked:
                answer_ = next_change();
                step_ = Step::answered;
                return;
            case Step::answered:
                CAMTAP_CHECK(seats_.take(answer_.change, answer_.page).ok());
                if (target_ == 0) target_ = answer_.change.newest;
                step_ = Step::asked;
                if (seats_.known() >= target_) look_at_pins();
        }
    }

    // Every retired slot is free after it that no word names.
    void look_at_pins() {
        std::vector<bool> named(slots_);
        for (const PinWords& words : seats_.pins()) {
            for (const layout::Word64& word : words) {
                for (uint32_t s = 0; s < named.size(); ++s) {
                    if (word.load() == layout::pin_value(kGeneration, s)) named[s] = true;
                }
            }
        }
        const auto pinned = static_cast<size_t>(std::count(named.begin(), named.end(), true));
        pool_.free_unpinned(seats_.pins());
        step_ = Step::begin;
        const size_t elsewhere = held_.size() + visible_.size();
        CAMTAP_CHECK(pool_.free().size() + elsewhere + pinned >= named.size());
        // always to be had, whatever the taps do, unless it went on while it asked
        CAMTAP_CHECK(!pool_.free().empty() || held_.size() >= stock_ || visible_.size() > depth_);
    }

    // ---- the daemon, as Stream does it

    struct Seat {
        std::optional<Tap> tap;
        uint64_t changed = 0;
    };
    struct Answer {
        wire::Seat change;
        UniqueFd page;
    };

    void come_or_leave() {
        Seat& seat = daemon_seats_[input_.below(most_taps_)];
        if (seat.tap) {
            seat.tap.reset();
        } else {
            seat.tap.emplace();
        }
        seat.changed = ++seating_;
        pins::reseat(segment_.view.header().seating, seating_);
    }

    Answer next_change() const {
        auto change = wire::make<wire::Seat>();
        change.newest = change.seating = seating_;
        const Seat* next = nullptr;
        for (const Seat& seat : daemon_seats_) {
            const bool is_news = seat.changed > seats_.known();
            if (is_news && (next == nullptr || seat.changed < next->changed)) next = &seat;
        }
        if (next == nullptr) return {change, UniqueFd()};
        change.seating = next->changed;
        change.seat = static_cast<uint32_t>(next - daemon_seats_.data());
        if (!next->tap) return {change, UniqueFd()};
        change.words = kWordsPerTap;
        return {change, UniqueFd(fcntl(next->tap->page.get(), F_DUPFD_CLOEXEC, 0))};
    }

    // ---- taps

    Tap* some_tap() {
        Seat& seat = daemon_seats_[input_.below(most_taps_)];
        return seat.tap ? &*seat.tap : nullptr;
    }

    // As a tap of the library does it.
    void pin() {
        Tap* const tap = some_tap();
        const uint32_t word = input_.below(kWordsPerTap);
        if (tap == nullptr || tap->held[word]) return;
        const uint64_t n = segment_.view.header().head.load() - input_.below(2 * (depth_ + stock_));
        const uint32_t s = segment_.view.index(n).load();
        if (n < first_ || n >= pool_.next()) return;
        CAMTAP_CHECK(s < slots_);
        const layout::Word64& sequence = segment_.view.slot(s).sequence;
        if (!pins::try_pin(tap->word(word), layout::pin_value(kGeneration, s), sequence, n)) return;
        tap->held[word] = Frame{s, n};
    }

    void unpin() {
        Tap* const tap = some_tap();
        const uint32_t word = input_.below(kWordsPerTap);
        if (tap == nullptr || !tap->held[word]) return;
        pins::unpin(tap->word(word));
        tap->held[word].reset();
    }

    void lie() {
        Tap* const tap = some_tap();
        const uint32_t word = input_.below(kWordsPerTap);
        if (tap == nullptr || tap->held[word]) return;  // an honest one's
        const uint32_t slot = input_.about(input_.below(slots_));
        tap->word(word).store(input_.about(uint64_t{input_.about(kGeneration)} << 32 | (slot + 1)));
    }

    // ---- what must be

    void check() const {
        CAMTAP_CHECK(pool_.held() == held_.size());
        for (const uint32_t s : held_) CAMTAP_CHECK(pool_.holds(s));
        for (const Frame& frame : visible_) check_frame(frame, true);
        for (const Seat& seat : daemon_seats_) {
            if (!seat.tap) continue;
            for (const auto& held : seat.tap->held) {
                if (held) check_frame(*held, false);
            }
        }
    }

    // It stays what it was.
    void check_frame(const Frame& frame, bool visible) const {
        const std::span<const uint32_t> free = pool_.free();
        CAMTAP_CHECK(!pool_.holds(frame.slot));
        CAMTAP_CHECK(std::find(free.begin(), free.end(), frame.slot) == free.end());
        const uint64_t now = segment_.view.slot(frame.slot).sequence.load();
        CAMTAP_CHECK(now == frame.sequence || (now == 0 && !visible));
    }

    Input& input_;
    const uint32_t depth_;
    const uint32_t stock_;
    const uint32_t most_taps_;
    const uint64_t first_;
    const uint32_t slots_;
    test::SegmentInMemory segment_;
    client::SlotPool pool_;
    client::Seats seats_;
    std::vector<Seat> daemon_seats_;
    uint64_t seating_ = 0;
    std::vector<uint32_t> held_;  // by the publisher
    std::deque<Frame> visible_;   // oldest first
    enum class Step { begin, retired, asked, answered } step_ = Step::begin;
    uint64_t target_ = 0;
    Answer answer_{};
};

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    camtap::fuzz::Input input(data, bytes);
    camtap::fuzz::Stage(input).play();
    return 0;
}
