// A segment as the daemon sees it: the input plays its publisher, honest or lying, and the daemon takes note of frames
// only as far as it allowed them, and stays within the segment.
#include "daemon/generation.h"

#include <algorithm>

#include "common/check.h"
#include "common/pins.h"
#include "tests/fuzz/input.h"

namespace camtap::fuzz {
namespace {

constexpr uint64_t kLastFirst = layout::kLastSequence - (uint64_t{1} << 32);

GenerationPlan take_plan(Input& input) {
    GenerationPlan plan;
    plan.number = 7;
    plan.first = std::clamp<uint64_t>(input.about<uint64_t>(1), 1, kLastFirst);
    plan.through = plan.first - 1 + input.below(8);
    plan.depth = 1 + input.below(4);
    plan.stock = 1 + input.below(4);
    plan.pin_words = input.below(8);
    plan.frame_bytes = 100;
    return plan;
}

class Stage {
  public:
    explicit Stage(Input& input)
        : input_(input),
          generation_(std::move(*Generation::create(take_plan(input), {}, 0, 0))),
          memory_(std::move(*Mapping::map(generation_->memfd(), generation_->geometry().metadata_bytes(),
                                          Mapping::Access::read_write))),
          view_{memory_.data(), generation_->geometry()},
          next_(generation_->plan().first) {
        CAMTAP_CHECK(generation_->seal().ok());
    }

    void play() {
        while (!input_.used_up()) {
            switch (input_.below(8)) {
                case 0:
                case 1:
                case 2:
                    publish();
                    break;
                case 3:
                    generation_->extend_numbers(generation_->through() + input_.below(8));
                    break;
                case 4:
                    lie();
                    break;
                case 5:
                    generation_->note_seating(input_.take<uint8_t>());
                    break;
                default:
                    accept();
            }
            (void)generation_->newest();  // wherever the index leads now
        }
    }

  private:
    void publish() {
        if (next_ > generation_->through()) return;
        const uint32_t slot = input_.below(view_.geometry.slot_count);
        view_.slot(slot).record.width = ++width_;
        pins::publish(view_.slot(slot).sequence, view_.index(next_), slot, view_.header().head, next_);
        ++next_;
    }

    void lie() {
        lied_ = true;
        const uint64_t n = input_.about(next_);
        const uint32_t slot = input_.below(view_.geometry.slot_count);
        switch (input_.below(3)) {
            case 0:
                return view_.header().head.store(n);
            case 1:
                return view_.index(n).store(input_.about(slot));
            default: {
                const uint64_t place = input_.take<uint16_t>() % (view_.geometry.metadata_bytes() / 8);
                return reinterpret_cast<layout::Word64*>(view_.base)[place].store(input_.about(n));
            }
        }
    }

    void accept() {
        const uint64_t before = generation_->accepted();
        const uint64_t head = view_.header().head.load();
        const Status accepted = generation_->accept();
        if (!accepted) {
            CAMTAP_CHECK(lied_ && accepted.error().code == Code::protocol);
            CAMTAP_CHECK(generation_->accepted() == before);
            return;
        }
        CAMTAP_CHECK(generation_->accepted() == head && head >= before);
        if (head == before) return;
        CAMTAP_CHECK(head <= generation_->through());
        CAMTAP_CHECK(view_.index(head).load() < view_.geometry.slot_count);
        if (!lied_) CAMTAP_CHECK(generation_->newest().width == width_);
    }

    Input& input_;
    std::unique_ptr<Generation> generation_;
    Mapping memory_;  // the publisher's
    const layout::SegmentView view_;
    uint64_t next_;
    uint32_t width_ = 0;  // of the newest frame
    bool lied_ = false;
};

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    camtap::fuzz::Input input(data, bytes);
    camtap::fuzz::Stage(input).play();
    return 0;
}
