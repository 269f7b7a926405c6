// Structs that cross between programs and libraries of different ages: each begins with the size its owner
// knows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "common/result.h"

namespace camtap::client {

[[gnu::cold]] inline Error bad_struct(const char* name, bool missing) {
    return Error{Code::invalid, 0,
                 std::string(name) + (missing ? " is missing" : ": its size isn't set; use CAMTAP_INIT")};
}

// Whether a caller's struct is there, and `least` bytes of it are known to the caller. Errors: invalid.
template <class Struct>
[[gnu::always_inline]] inline Status check_struct(const Struct* given, const char* name,
                                                  size_t least = sizeof(uint32_t)) {
    if (given != nullptr && given->size >= least) return Done{};
    return bad_struct(name, given == nullptr);
}

// Takes a caller's struct over: fields that the caller doesn't know are zero, those that we don't know are
// ignored. `least` bytes the caller must know. Errors: invalid.
template <class Struct>
Result<Struct> take_struct(const Struct* from, const char* name, size_t least = sizeof(uint32_t)) {
    if (Status known = check_struct(from, name, least); !known.ok()) return known.error();
    if (from->size == sizeof(Struct)) return *from;
    Struct taken{};
    std::memcpy(&taken, from, std::min<size_t>(from->size, sizeof taken));
    return taken;
}

// Fills a caller's struct as far as the caller knows it; its size stays the caller's.
template <class Struct>
void give_struct(const Struct& from, Struct* to) {
    const uint32_t size = to->size;
    std::memcpy(to, &from, std::min<size_t>(size, sizeof from));
    to->size = size;
}

}  // namespace camtap::client
