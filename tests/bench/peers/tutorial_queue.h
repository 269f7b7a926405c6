// What the bench has to know of the tutorial's queue.
#pragma once

#include <cstdint>

namespace camtap::bench {

inline constexpr uint64_t kTutorialCell = uint64_t{10} << 20;  // larger frames don't fit

}  // namespace camtap::bench
