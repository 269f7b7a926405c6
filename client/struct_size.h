// Structs that cross between programs and libraries of different ages: each begins with the size its owner
// knows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "common/result.h"

namespace camtap::client {

// Takes a caller's struct over: fields that the caller doesn't know are zero, those that we don't know are
// ignored. `least` bytes the caller must know. Errors: invalid.
template <class Struct>
Result<Struct> take_struct(const Struct* from, const char* name, size_t least = sizeof(uint32_t)) {
    uint32_t size = 0;
    if (from != nullptr) std::memcpy(&size, from, sizeof size);
    if (from == nullptr || size < least) {
        return Error{
            Code::invalid, 0,
            std::string(name) + (from == nullptr ? " is missing" : ": its size isn't set; use CAMTAP_INIT")};
    }
    Struct taken{};
    std::memcpy(&taken, from, std::min<size_t>(size, sizeof taken));
    return taken;
}

// Whether a caller's struct can be filled. Errors: invalid.
template <class Struct>
Status check_struct(const Struct* to, const char* name) {
    const Result<Struct> taken = take_struct(to, name);
    if (!taken.ok()) return taken.error();
    return Done{};
}

// Fills a caller's struct as far as the caller knows it; its size stays the caller's.
template <class Struct>
void give_struct(const Struct& from, Struct* to) {
    const uint32_t size = to->size;
    std::memcpy(to, &from, std::min<size_t>(size, sizeof from));
    to->size = size;
}

}  // namespace camtap::client
