// The times at which recorded images were taken.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"

namespace camtap::source {

// Nanoseconds from the first time in the file, one for each line that is neither empty nor begins with '#'.
// Errors: system, invalid ("FILE:LINE: …": not a number of seconds, or not later than the one before).
Result<std::vector<int64_t>> read_times(const std::string& path);

}  // namespace camtap::source
