// Which of the known names did the user mean?
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace camtap::tools {

// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
size_t edit_distance(std::string_view a, std::string_view b);

// `names`, nearest to `wanted` first; those equally near keep their order.
std::vector<std::string> nearest_first(std::string_view wanted, std::vector<std::string> names);

}  // namespace camtap::tools
