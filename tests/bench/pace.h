// Publishing at a steady rate into several lanes by turns, so that whatever else the machine does hits all of
// them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lane.h"

namespace camtap::bench {

class Pace {
  public:
    explicit Pace(int64_t period_ns);
    // Blocks until the next beat; beats that were missed are not made up for.
    void wait();

  private:
    int64_t period_ns_;
    int64_t next_ns_;
};

// Publishes frames that aren't recorded until every reader has had one. Throws after 20 s.
void warm_up(std::span<Lane* const> lanes);

// Publishes `frames` recorded frames into each lane, `hertz` a second in each, evenly spread, in an order
// that is drawn anew for each round; then waits until every reader has had its last one. Returns the
// publisher's CPU time in each lane.
std::vector<int64_t> publish_by_turns(std::span<Lane* const> lanes, size_t frames, double hertz);

}  // namespace camtap::bench
