// Memory that is about to be read, and is cold.
#pragma once

#include <cstddef>
#include <cstdint>

namespace camtap::client {

// Has the processor fetch `bytes` from `memory` on, and walk the page tables for them, while the program goes on. After
// a sleep nothing of a tap is in the caches any more; fetched piece by piece, each when the one before has come, it takes
// longer than all at once. Touches nothing: null or an address where nothing is does no harm.
[[gnu::always_inline]] inline void fetch_ahead(const void* memory, size_t bytes = 1) {
    constexpr size_t kCacheLine = 64;
    const auto from = reinterpret_cast<uintptr_t>(memory);
    // to the last byte, wherever in a line the first one lies
    for (size_t at = 0; at < bytes + kCacheLine - 1; at += kCacheLine)
        __builtin_prefetch(reinterpret_cast<const void*>(from + at));
}

}  // namespace camtap::client
