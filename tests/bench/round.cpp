#include "round.h"

#include <algorithm>
#include <exception>

namespace camtap::bench {

bool can_do(const Peer& peer, const Work& work) {
    const bool needs_a_picture = !work.filled || work.every_frame || work.copied_out;
    return work.size.bytes() <= peer.most_bytes && (peer.fills || !work.filled) &&
           !(peer.carries_nothing && needs_a_picture);
}

std::string words(const Work& work) {
    return work.size.name() + ", " + std::to_string(work.readers) +
           (work.readers == 1 ? " reader" : " readers") + (work.filled ? ", filled in place" : "") + ", " +
           name(work.placement);
}

Round::Round(Bench& bench, const Work& work, uint32_t stock) : bench_(bench) {
    for (const Peer& peer : bench.peers.present()) {
        if (can_do(peer, work)) add(peer, work, stock);
    }
}

void Round::add(const Peer& peer, const Work& work, uint32_t stock) {
    try {
        auto lane = std::make_unique<Lane>(peer, work, stock);
        lane->warm_up();
        lane->pause();
        lanes_.push_back(std::move(lane));
    } catch (const std::exception& e) {
        bench_.note(std::string("not measured (") + words(work) + "): " + e.what());
    }
}

void Round::by_turns(size_t repetitions, const std::function<void(Lane&)>& measure) {
    std::vector<size_t> order(lanes_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (size_t r = 0; r < repetitions; ++r) {
        std::shuffle(order.begin(), order.end(), random_);
        for (const size_t lane : order) guarded(lanes_[lane], measure);
    }
    std::erase(lanes_, nullptr);
}

void Round::each(const std::function<void(Lane&)>& measure) {
    for (auto& lane : lanes_) guarded(lane, measure);
    std::erase(lanes_, nullptr);
}

void Round::guarded(std::unique_ptr<Lane>& lane, const std::function<void(Lane&)>& measure) {
    if (!lane) return;
    try {
        lane->resume();
        measure(*lane);
        lane->pause();
    } catch (const std::exception& e) {
        bench_.note(std::string("not measured to the end (") + words(lane->work()) + "): " + e.what());
        lane.reset();
    }
}

}  // namespace camtap::bench
