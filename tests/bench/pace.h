// A steady beat.
#pragma once

#include <cstdint>

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

// Blocks.
void sleep_for(int64_t ns);

}  // namespace camtap::bench
