// The table that `camtap top` shows: each stream, and under it those who tap it.
#pragma once

#include <string>
#include <vector>

#include "snapshot.h"

namespace camtap::tools {

// One string a line, without newlines. `before`: for rates; without it they are left out.
std::vector<std::string> top_view(const Snapshot* before, const Snapshot& now);

}  // namespace camtap::tools
