// The order in which people number files: image2 before image10.
#pragma once

#include <string_view>

namespace camtap::tools {

// True if `a` comes before `b`. Runs of digits compare by value, everything else byte by byte; a strict weak
// order.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace camtap::tools
