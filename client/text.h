// Words of a peer, made fit to be shown: valid UTF-8, cut at a character.
#pragma once

#include <cstddef>
#include <string_view>

namespace camtap::client {

// Copies as much of `text` as fits, NUL-terminated; what isn't UTF-8 becomes '?'. `bytes` ≥ 1.
void copy_text(char* to, size_t bytes, std::string_view text);

}  // namespace camtap::client
