// A segment as a tap sees it: the input plays the publisher, who may write anything at any time, and a tap
// that looks in between. Every byte of every frame that is handed out is there, and every account balances.
#include <deque>
#include <memory>
#include <vector>

#include "client/frame.h"
#include "client/ledger.h"
#include "client/timeline.h"
#include "common/wire.h"
#include "tests/fuzz/frame_check.h"
#include "tests/fuzz/hostile_segment.h"
#include "tests/fuzz/input.h"

namespace camtap::fuzz {
namespace {

using client::FramePtr;
using client::Pinned;

constexpr uint32_t kMostGenerations = 12;  // in one execution

class Reader {
  public:
    explicit Reader(Input& input)
        : input_(input),
          mark_(*client::ProcessMark::current()),
          claimed_(std::make_shared<client::PinsClaimed>(0)) {
        begin_session(1);
    }

    ~Reader() {
        frames_.clear();
        blank_.reset();
        sessions_.back()->keep_no_more();
        for (const auto& session : sessions_) {
            CAMTAP_CHECK(!session->has_spare());
            for (const layout::Word64& word : session->page().pins) CAMTAP_CHECK(word.load() == 0);
        }
        CAMTAP_CHECK(claimed_->load() == 0);
    }

    void play() {
        while (!input_.used_up()) {
            write_or_look();
            CAMTAP_CHECK(ledger_.expected() == ledger_.delivered() + sum_of(ledger_.missed()));
            const bool readied = blank_ && blank_->pinned.pin.owns_one();
            const bool kept = sessions_.back()->has_spare();
            CAMTAP_CHECK(claimed_->load() == frames_.size() + (readied ? 1 : 0) + (kept ? 1 : 0));
            CAMTAP_CHECK(!readied || blank_->pinned.pin.word().load() == 0);
        }
    }

  private:
    void write_or_look() {
        HostileSegment* const segment = segments_.empty() ? nullptr : pick_segment();
        switch (input_.below(12)) {
            case 0:
                return begin_generation();
            case 1:
                return begin_session(input_.about(instance_));
            case 2:
                return input_.flag() ? timeline_.freeze() : timeline_.thaw();
            case 3:
            case 4:
                return look(false);
            case 5:
                return look(true);
            case 6:
                return look_again();
            case 7:
                return release();
            case 8:
                (void)timeline_.passed_in(input_.about(generation_), instance_);
                return;
            case 9:
            case 10:
                if (segment != nullptr) segment->publish(input_);
                return;
            default:
                if (segment != nullptr) segment->scribble(input_);
        }
    }

    // Mostly the newest.
    HostileSegment* pick_segment() {
        const uint32_t back = input_.below(16);
        return segments_[back < segments_.size() ? segments_.size() - 1 - back : segments_.size() - 1].get();
    }

    void begin_session(uint64_t instance) {
        if (sessions_.size() > 4) return;
        const UniqueFd page = std::move(*create_memfd("fuzzed-page", layout::kPage));
        Mapping mapping = std::move(*Mapping::map(page.get(), layout::kPage, Mapping::Access::read_write));
        instance_ = instance;
        if (!sessions_.empty()) sessions_.back()->keep_no_more();
        sessions_.push_back(std::make_shared<client::Session>(
            UniqueFd(), client::LocalMapping(mark_, std::move(mapping)), 1 + input_.below(4), instance,
            claimed_, client::Session::Keeping::one_frame));
        if (input_.below(8) != 0) timeline_.adopt(newest_, sessions_.back());
    }

    void begin_generation() {
        if (segments_.size() == kMostGenerations) return;
        const layout::Geometry honest = take_geometry(input_);
        const uint64_t first = input_.about(next_first_);
        auto segment = std::make_unique<HostileSegment>(honest, first, input_);
        wire::GeometryFields told = wire::fields(honest);
        input_.spoil(&told, sizeof told);
        const client::SegmentTerms terms{instance_, first, input_.about(generation_ + 1),
                                         wire::geometry(told)};
        auto opened = client::TapSegment::open(mark_, terms, segment->memory());
        if (!opened) return;
        CAMTAP_CHECK(first != 0 && terms.geometry.segment_bytes() <= segment->bytes());
        const uint64_t previous_last =
            input_.about(input_.flag() ? client::Timeline::kUnknownLast : first - 1);
        timeline_.add(*opened, sessions_.back(), previous_last, input_.flag());
        newest_ = *opened;
        segments_.push_back(std::move(segment));
        generation_ = terms.generation;
        next_first_ = first + 100;
    }

    // As Tap::look() does, which readies a frame anew more often.
    void look(bool newest) {
        if (!blank_) {
            camtap_frame* const kept = sessions_.back()->take_spare();
            blank_.reset(kept != nullptr ? kept : new camtap_frame{{}, nullptr, mark_, {}});
        }
        if (!blank_->pinned.segment || !blank_->pinned.pin.owns_one()) timeline_.prepare(blank_->pinned);
        Pinned& pinned = blank_->pinned;
        if ((newest ? timeline_.newest(pinned) : timeline_.next(pinned)) != client::Pinning::done) return;
        CAMTAP_CHECK(pinned.slot < pinned.segment->terms().geometry.slot_count);
        layout::Counters counters;
        if (!client::describe(pinned, blank_->info, counters).empty()) {
            timeline_.pass(pinned);
            return blank_.reset();
        }
        if (input_.below(16) == 0) return blank_.reset();  // too old, say
        blank_->data = pinned.segment->payload(pinned.slot);
        blank_->info.missed = ledger_.deliver(counters, timeline_.deliver(pinned, newest));
        check_frame(*blank_);
        frames_.push_back(std::move(blank_));
    }

    void look_again() {
        for (const FramePtr& frame : frames_) check_frame(*frame);
    }

    void release() {
        if (frames_.empty()) return;
        frames_.erase(frames_.begin() + input_.below(static_cast<uint32_t>(frames_.size())));
    }

    Input& input_;
    const client::ProcessMark mark_;
    std::shared_ptr<client::PinsClaimed> claimed_;
    std::vector<std::shared_ptr<client::Session>> sessions_;
    client::Timeline timeline_;
    std::shared_ptr<const client::TapSegment> newest_;
    client::Ledger ledger_;
    std::deque<std::unique_ptr<HostileSegment>> segments_;
    FramePtr blank_;
    std::vector<FramePtr> frames_;
    uint64_t instance_ = 1;
    uint32_t generation_ = 0;
    uint64_t next_first_ = 1;
};

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    camtap::fuzz::Input input(data, bytes);
    camtap::fuzz::Reader(input).play();
    return 0;
}
