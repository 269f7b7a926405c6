// Counting instructions, under callgrind.
#pragma once

#include <valgrind/callgrind.h>

#include <cstdint>

namespace camtap::bench {

inline constexpr int kRounds = 40;
inline constexpr uint32_t kDepth = 4;
inline constexpr uint32_t kStock = 3;
inline constexpr uint32_t kTaps = 8;

// Has the instructions of `step` counted as `label`.
template <class Step>
void count(const char* label, const Step& step) {
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
    step();
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(label);
}

}  // namespace camtap::bench
