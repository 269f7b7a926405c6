#include "client/timeline.h"

#include <algorithm>

namespace camtap::client {

// Highest number that may be read now. Never below first − 1, whatever head says.
uint64_t Timeline::Generation::limit() const {
    return std::max(std::min(segment->head(), last), segment->terms().first - 1);
}

void Timeline::add(std::shared_ptr<const TapSegment> segment, std::shared_ptr<Session> session,
                   uint64_t previous_last, bool from_newest) {
    if (count_ > 0) {
        Generation& before = back();
        before.last = std::min(previous_last == kUnknownLast ? before.limit() : previous_last, before.last);
    }
    if (count_ == kMaxGenerations) drop_first();
    Generation generation;
    generation.passed = segment->terms().first - 1;
    generation.segment = std::move(segment);
    generation.session = std::move(session);
    if (const uint64_t limit = generation.limit(); from_newest && limit > generation.passed) {
        generation.passed = limit - 1;
    }
    generation.delivered = generation.passed;
    generations_[count_++] = std::move(generation);
}

bool Timeline::adopt(const std::shared_ptr<const TapSegment>& newest,
                     const std::shared_ptr<Session>& session) {
    const bool is_news = count_ > 0 && back().segment == newest && back().session != session;
    if (is_news) back().session = session;
    return is_news;
}

void Timeline::freeze() {
    if (count_ > 0) back().last = back().limit();
}

void Timeline::thaw() {
    if (count_ > 0) back().last = kOpen;
}

void Timeline::drop_first() {
    const Generation& generation = front();
    const bool counts = last_instance_ == 0 || generation.instance() == last_instance_;
    if (counts) dropped_ += std::max(generation.limit(), generation.delivered) - generation.delivered;
    std::move(generations_.begin() + 1, generations_.begin() + static_cast<ptrdiff_t>(count_),
              generations_.begin());
    generations_[--count_] = {};
}

void Timeline::drop_before(const Pinned& frame) {
    while (front().segment != frame.segment) drop_first();
}

void Timeline::prepare(Pinned& into) const {
    if (count_ == 0) return;
    if (into.pin.claim(back().session)) into.segment = back().segment;
}

Pinning Timeline::next(Pinned& into) {
    while (count_ > 0) {
        const Generation& generation = front();
        const uint64_t limit = generation.limit();
        if (limit > generation.passed) [[likely]] {
            if (!into.pin.claim(generation.session)) return Pinning::no_pin;
            // what left the index can't be found any more
            const uint64_t length = generation.segment->index_length();
            uint64_t n = std::max(generation.passed + 1, limit >= length ? limit - length + 1 : 1);
            for (uint64_t left = limit - n + 1; left > 0;
                 --left, ++n) {  // counted: limit may be the highest number
                if (try_pin(generation, n, into)) [[likely]]
                    return Pinning::done;
            }
            into.let_go();
        }
        if (count_ == 1) break;
        drop_first();
    }
    return Pinning::nothing_there;
}

Pinning Timeline::newest(Pinned& into) const {
    for (size_t left = count_; left > 0; --left) {
        const Generation* const generation = &generations_[left - 1];
        uint64_t n = generation->limit();
        if (n <= generation->passed) continue;
        if (!into.pin.claim(generation->session)) return Pinning::no_pin;
        // A newest frame that is gone already was overtaken: there are newer ones.
        for (uint32_t tries = generation->segment->index_length(); tries > 0;
             --tries, n = generation->limit()) {
            if (n <= generation->passed) break;  // a head that goes back is a lie
            if (try_pin(*generation, n, into)) [[likely]]
                return Pinning::done;
        }
        into.let_go();
    }
    return Pinning::nothing_there;
}

void Timeline::pass(const Pinned& frame) {
    drop_before(frame);
    front().passed = frame.sequence;
    ++malformed_;
}

Passage Timeline::deliver(const Pinned& frame, bool by_choice) {
    drop_before(frame);
    Generation& generation = front();
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
    if (count_ == 0) return 0;
    const Generation& newest = back();
    const SegmentTerms& terms = newest.segment->terms();
    return terms.generation == generation && terms.instance == instance ? newest.passed : 0;
}

}  // namespace camtap::client
