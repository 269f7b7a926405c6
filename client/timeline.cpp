#include "client/timeline.h"

#include <algorithm>

namespace camtap::client {

// Highest number that may be read now. Never below first − 1, whatever head says.
uint64_t Timeline::Generation::limit() const {
    return std::max(std::min(segment->head(), last), segment->terms().first - 1);
}

void Timeline::add(std::shared_ptr<const TapSegment> segment, std::shared_ptr<Session> session,
                   uint64_t previous_last, bool from_newest) {
    if (!generations_.empty()) {
        Generation& before = generations_.back();
        before.last = std::min(previous_last == kUnknownLast ? before.limit() : previous_last, before.last);
    }
    if (generations_.size() == kMaxGenerations) drop_first();
    Generation generation;
    generation.passed = segment->terms().first - 1;
    generation.segment = std::move(segment);
    generation.session = std::move(session);
    if (const uint64_t limit = generation.limit(); from_newest && limit > generation.passed) {
        generation.passed = limit - 1;
    }
    generation.delivered = generation.passed;
    generations_.push_back(std::move(generation));
}

bool Timeline::adopt(const std::shared_ptr<const TapSegment>& newest,
                     const std::shared_ptr<Session>& session) {
    const bool is_news = !generations_.empty() && generations_.back().segment == newest &&
                         generations_.back().session != session;
    if (is_news) generations_.back().session = session;
    return is_news;
}

void Timeline::freeze() {
    if (!generations_.empty()) generations_.back().last = generations_.back().limit();
}

void Timeline::thaw() {
    if (!generations_.empty()) generations_.back().last = kOpen;
}

[[gnu::cold]] static Error every_pin_is_in_use() {
    return Error{Code::too_many_frames, 0, "every pin of this tap is in use; release a frame first"};
}

void Timeline::drop_first() {
    const Generation& generation = generations_.front();
    const bool counts = last_instance_ == 0 || generation.instance() == last_instance_;
    if (counts) dropped_ += std::max(generation.limit(), generation.delivered) - generation.delivered;
    generations_.erase(generations_.begin());
}

void Timeline::drop_before(const Pinned& frame) {
    while (generations_.front().segment != frame.segment) drop_first();
}

void Timeline::prepare(Pinned& into) const {
    if (generations_.empty()) return;
    into.segment = generations_.back().segment;
    into.pin.bind(generations_.back().session);
}

Result<bool> Timeline::next(Pinned& into) {
    while (!generations_.empty()) {
        const Generation& generation = generations_.front();
        const uint64_t limit = generation.limit();
        if (limit > generation.passed) [[likely]] {
            if (!into.pin.claim(generation.session)) return every_pin_is_in_use();
            // what left the index can't be found any more
            const uint64_t length = generation.segment->index_length();
            uint64_t n = std::max(generation.passed + 1, limit >= length ? limit - length + 1 : 1);
            for (uint64_t left = limit - n + 1; left > 0;
                 --left, ++n) {  // counted: limit may be the highest number
                if (try_pin(generation, n, into)) [[likely]]
                    return true;
            }
            into.let_go();
        }
        if (generations_.size() == 1) break;
        drop_first();
    }
    return false;
}

Result<bool> Timeline::newest(Pinned& into) const {
    for (auto generation = generations_.rbegin(); generation != generations_.rend(); ++generation) {
        uint64_t n = generation->limit();
        if (n <= generation->passed) continue;
        if (!into.pin.claim(generation->session)) return every_pin_is_in_use();
        // A newest frame that is gone already was overtaken: there are newer ones.
        for (uint32_t tries = generation->segment->index_length(); tries > 0;
             --tries, n = generation->limit()) {
            if (n <= generation->passed) break;  // a head that goes back is a lie
            if (try_pin(*generation, n, into)) return true;
        }
        into.let_go();
    }
    return false;
}

void Timeline::pass(const Pinned& frame) {
    drop_before(frame);
    generations_.front().passed = frame.sequence;
    ++malformed_;
}

Passage Timeline::deliver(const Pinned& frame, bool by_choice) {
    drop_before(frame);
    Generation& generation = generations_.front();
    const SegmentTerms& terms = generation.segment->terms();
    const uint64_t passed = frame.sequence - generation.delivered - 1;
    Passage passage;
    passage.by_choice = by_choice;
    passage.same_epoch = terms.instance == last_instance_;
    passage.same_generation = passage.same_epoch && terms.generation == last_generation_;
    passage.passed = passage.same_epoch ? dropped_ + passed : 0;
    passage.lost_behind = passage.same_epoch ? 0 : dropped_;
    passage.malformed = malformed_;
    generation.passed = generation.delivered = frame.sequence;
    dropped_ = malformed_ = 0;
    last_instance_ = terms.instance;
    last_generation_ = terms.generation;
    return passage;
}

uint64_t Timeline::passed_in(uint32_t generation, uint64_t instance) const {
    if (generations_.empty()) return 0;
    const Generation& newest = generations_.back();
    const SegmentTerms& terms = newest.segment->terms();
    return terms.generation == generation && terms.instance == instance ? newest.passed : 0;
}

}  // namespace camtap::client
