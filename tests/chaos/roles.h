// Who taps what, and how: the same population in every run.
#pragma once

#include <cstdint>
#include <iterator>
#include <string_view>

#include "shared_page.h"

namespace camtap::chaos {

enum class Way {
    next,        // every frame, as soon as it is there
    latest,      // the newest one
    event_loop,  // try_next when the descriptor says so
    holding,     // always some frames in hand
    slow,        // takes longer over a frame than the camera
    mixed,       // whatever comes to its mind
};

struct Role {
    const char* name;
    const char* stream;
    Way way;
    bool comes_and_goes;

    bool is_published() const { return std::string_view(stream) == "published"; }
};

inline constexpr Role kRoles[] = {
    {"next", "pattern", Way::next, false},
    {"latest", "pattern", Way::latest, false},
    {"event loop", "pattern", Way::event_loop, false},
    {"coming and going", "pattern", Way::next, true},
    {"next", "published", Way::next, false},
    {"latest", "published", Way::latest, false},
    {"event loop", "published", Way::event_loop, false},
    {"holding", "published", Way::holding, false},
    {"slow", "published", Way::slow, false},
    {"mixed", "published", Way::mixed, true},
    {"coming and going", "demand", Way::mixed, true},
    {"holding", "demand", Way::holding, true},
};
inline constexpr uint32_t kTaps = std::size(kRoles);
static_assert(kTaps <= kMaxTaps);

// Place of a tap among those of its stream that come before it.
constexpr uint32_t place_of(uint32_t tap) {
    uint32_t place = 0;
    for (uint32_t i = 0; i < tap; ++i) {
        if (std::string_view(kRoles[i].stream) == kRoles[tap].stream) ++place;
    }
    return place;
}

inline constexpr uint32_t kMaxPins = 2;  // of each of them
inline constexpr uint32_t kPublishedTaps =
    6;  // max_taps: no more than there are, so that all pins can be in use

}  // namespace camtap::chaos
