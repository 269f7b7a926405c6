#include "client/text.h"

#include <cstdint>
#include <cstring>

namespace camtap::client {

// Length of the character that `text` begins with; 0 if it doesn't begin with one.
static size_t character_bytes(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return lead == 0 ? 0 : 1;
    const size_t length = lead >= 0xf5 ? 0 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    if (length == 0 || text.size() < length) return 0;
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    // overlong forms, surrogates, beyond U+10FFFF
    if (lead == 0xe0 && byte(1) < 0xa0) return 0;
    if (lead == 0xed && byte(1) >= 0xa0) return 0;
    if (lead == 0xf0 && byte(1) < 0x90) return 0;
    if (lead == 0xf4 && byte(1) >= 0x90) return 0;
    return length;
}

void copy_text(char* to, size_t bytes, std::string_view text) {
    size_t used = 0;
    while (!text.empty() && text[0] != 0) {
        const size_t length = character_bytes(text);
        const size_t needed = length == 0 ? 1 : length;
        if (used + needed >= bytes) break;
        if (length == 0) {
            to[used] = '?';
        } else {
            std::memcpy(to + used, text.data(), length);
        }
        used += needed;
        text.remove_prefix(needed);
    }
    std::memset(to + used, 0, bytes - used);
}

}  // namespace camtap::client
