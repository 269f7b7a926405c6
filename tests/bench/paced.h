// Frames at a steady rate into all lanes of a work, by turns.
#pragma once

#include "round.h"

namespace camtap::bench {

// Adds, for each lane: source-p50-us, source-p99-us, publish-p50-us, publish-p99-us (the p99 once, over all
// repetitions), copied-p50-us, copying-ratio where readers copy, writer-, daemon- and reader-cpu-us a frame,
// lost-percent.
void measure_paced(Bench& bench, const Work& work);
// Of the lanes of a round, with `prefix` before those names.
void measure_paced(Bench& bench, Round& round, size_t repetitions, const std::string& prefix);

}  // namespace camtap::bench
