// Text that came from somebody else, made fit to be shown: programs name themselves, reasons quote file
// names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace camtap::tools {

// Length in bytes of the valid UTF-8 sequence at the front of `text`, 0 if there is none (truncated,
// overlong, surrogate, beyond U+10FFFF).
size_t utf8_length(std::string_view text);

// Every byte that isn't valid UTF-8, and every control character, becomes U+FFFD: nothing that a terminal
// would obey is left.
std::string printable(std::string_view text);

// Columns on a terminal, one for each code point.
size_t display_width(std::string_view text);

// The first `columns` columns, the last of them an ellipsis if something was cut.
std::string cut(std::string_view text, size_t columns);

}  // namespace camtap::tools
