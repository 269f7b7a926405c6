// Segment and pin pages as the daemon sees them: the input plays a publisher and taps, honest or not, and the
// pool of slots has to keep its promises to the honest ones.
#include "daemon/slot_pool.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "common/pins.h"
#include "tests/fuzz/input.h"
#include "tests/unit/segment_in_memory.h"

namespace camtap::fuzz {
namespace {

constexpr uint32_t kGeneration = 7;
constexpr uint32_t kWordsPerTap = 4;
// No camera gets so far, and no input either from there to the end.
constexpr uint64_t kLastFirst = ~uint64_t{0} - (uint64_t{1} << 32);

// An honest tap's pin: the frame that it looks at.
struct Held {
    uint32_t slot;
    uint64_t sequence;
};

class Stage {
  public:
    explicit Stage(Input& input)
        : input_(input),
          depth_(1 + input.below(4)),
          stock_(1 + input.below(4)),
          taps_(1 + input.below(3)),
          first_(std::clamp<uint64_t>(input.about<uint64_t>(1), 1, kLastFirst)),
          segment_(depth_ + stock_ + taps_ * kWordsPerTap, depth_ + stock_, first_),
          pool_(segment_.view, kGeneration, first_, depth_, stock_),
          words_(taps_ * kWordsPerTap),
          held_(words_.size()) {
        for (uint32_t t = 0; t < taps_; ++t) pins_.push_back({&words_[t * kWordsPerTap], kWordsPerTap});
    }

    void play() {
        while (!input_.used_up()) {
            switch (input_.below(6)) {
                case 0:
                    publish();
                    break;
                case 1:
                    grant();
                    break;
                case 2:
                    pin();
                    break;
                case 3:
                    unpin();
                    break;
                case 4:
                    lie_in_pins();
                    break;
                default:
                    lie_in_segment();
            }
            check_held();
        }
    }

  private:
    void publish() {
        if (stock_held_.empty()) return;
        const uint32_t which = input_.below(static_cast<uint32_t>(stock_held_.size()));
        segment_.publish(stock_held_[which]);
        stock_held_.erase(stock_held_.begin() + which);
    }

    // The daemon's turn.
    void grant() {
        const uint64_t before = pool_.accepted();
        const uint32_t outstanding = pool_.granted();
        const Status accepted = pool_.accept();
        CAMTAP_CHECK(pool_.accepted() - before <= outstanding);
        CAMTAP_CHECK(pool_.granted() == outstanding - (pool_.accepted() - before));
        if (pool_.has_frames()) CAMTAP_CHECK(pool_.newest_slot() < segment_.view.geometry.slot_count);
        if (!accepted) {
            CAMTAP_CHECK(publisher_lied_);
            publisher_ended_ = true;
        }
        if (publisher_ended_) return;  // it gets nothing any more
        const std::vector<uint32_t> visible = visible_slots();
        const auto slots = pool_.grant(pins_);
        for (const uint32_t s : visible) CAMTAP_CHECK(segment_.view.slot(s).sequence.load() != 0);
        CAMTAP_CHECK(pool_.granted() == stock_);  // always to be had, whatever the taps do
        for (const uint32_t s : slots) {
            CAMTAP_CHECK(s < segment_.view.geometry.slot_count);
            CAMTAP_CHECK(std::count(slots.begin(), slots.end(), s) == 1);
            CAMTAP_CHECK(std::find(visible.begin(), visible.end(), s) == visible.end());
            for (const auto& held : held_) CAMTAP_CHECK(!held || held->slot != s);
            if (!publisher_lied_)
                CAMTAP_CHECK(std::find(stock_held_.begin(), stock_held_.end(), s) == stock_held_.end());
        }
        stock_held_.insert(stock_held_.end(), slots.begin(), slots.end());
    }

    // Those of the newest `depth` frames, as long as the publisher leaves them where they are.
    std::vector<uint32_t> visible_slots() const {
        std::vector<uint32_t> slots;
        if (publisher_lied_) return slots;
        const uint64_t frames = pool_.accepted() + 1 - pool_.first();
        for (uint64_t back = 0; back < std::min<uint64_t>(frames, depth_); ++back) {
            slots.push_back(segment_.view.index(pool_.accepted() - back).load());
        }
        return slots;
    }

    // As a tap of the library does it.
    void pin() {
        const uint32_t word = input_.below(static_cast<uint32_t>(words_.size()));
        if (held_[word]) return;
        const uint64_t n = segment_.view.header().head.load() - input_.below(2 * (depth_ + stock_));
        const uint32_t s = segment_.view.index(n).load();
        if (n == 0 || s >= segment_.view.geometry.slot_count) return;
        layout::Word64& sequence = segment_.view.slot(s).sequence;
        const bool pinned = pins::try_pin(words_[word], layout::pin_value(kGeneration, s), sequence, n);
        // What a publisher writes where it has no right to may be taken for a frame; only taps of its stream
        // suffer
        if (pinned && !publisher_lied_) held_[word] = Held{s, n};
        if (pinned && publisher_lied_) pins::unpin(words_[word]);
    }

    void unpin() {
        const uint32_t word = input_.below(static_cast<uint32_t>(words_.size()));
        if (held_[word]) pins::unpin(words_[word]);
        held_[word].reset();
    }

    void lie_in_pins() {
        const uint32_t word = input_.below(static_cast<uint32_t>(words_.size()));
        if (held_[word]) return;  // an honest one's
        const uint32_t slot = input_.about(input_.below(segment_.view.geometry.slot_count));
        words_[word].store(input_.about(uint64_t{input_.about(kGeneration)} << 32 | (slot + 1)));
    }

    void lie_in_segment() {
        publisher_lied_ = true;
        const layout::SegmentView& view = segment_.view;
        const uint64_t n = input_.about(pool_.accepted() + 1);
        const uint32_t slot = input_.below(view.geometry.slot_count);
        switch (input_.below(3)) {
            case 0:
                return view.header().head.store(n);
            case 1:
                return view.index(n).store(input_.about(slot));
            default:
                return view.slot(slot).sequence.store(n);
        }
    }

    // Under an honest tap's pin the frame stays what it was.
    void check_held() const {
        for (const auto& held : held_) {
            if (!held || publisher_lied_) continue;
            const uint64_t now = segment_.view.slot(held->slot).sequence.load();
            CAMTAP_CHECK(now == held->sequence || now == 0);
        }
    }

    Input& input_;
    const uint32_t depth_;
    const uint32_t stock_;
    const uint32_t taps_;
    const uint64_t first_;
    test::SegmentInMemory segment_;
    SlotPool pool_;
    std::vector<layout::Word64> words_;
    std::vector<std::optional<Held>> held_;  // per word
    std::vector<PinWords> pins_;
    std::vector<uint32_t> stock_held_;  // granted to the publisher, not published yet
    bool publisher_lied_ = false;
    bool publisher_ended_ = false;
};

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    camtap::fuzz::Input input(data, bytes);
    camtap::fuzz::Stage(input).play();
    return 0;
}
