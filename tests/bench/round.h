// Several lanes with the same work, measured by turns, so that whatever else the machine does hits all of
// them.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "lane.h"
#include "measurements.h"

namespace camtap::bench {

// Invariant: a lane that fails is closed, and what it said is noted; the others go on.
class Round {
  public:
    // Opens and warms up a lane for each peer that can do the work. Blocks.
    Round(Bench& bench, const Work& work, uint32_t stock);
    explicit Round(Bench& bench) : bench_(bench) {}
    // One more lane. Blocks until it is warm.
    void add(const Peer& peer, const Work& work, uint32_t stock);
    // Has each lane measured `repetitions` times, in an order that is drawn anew each time.
    void by_turns(size_t repetitions, const std::function<void(Lane&)>& measure);
    // The same, once, in the order of the peers.
    void each(const std::function<void(Lane&)>& measure);
    std::vector<std::unique_ptr<Lane>>& lanes() { return lanes_; }

  private:
    void guarded(std::unique_ptr<Lane>& lane, const std::function<void(Lane&)>& measure);

    Bench& bench_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::mt19937 random_{1};
};

bool can_do(const Peer& peer, const Work& work);
std::string words(const Work& work);

}  // namespace camtap::bench
