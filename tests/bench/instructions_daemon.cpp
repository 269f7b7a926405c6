// Apart from the rest, because the daemon's headers and the client's have names in common.
#include <cstdio>
#include <vector>

#include "../unit/segment_in_memory.h"
#include "daemon/slot_pool.h"
#include "instructions.h"

namespace camtap::bench {

// The daemon's heart: what was published is taken in, all pins are looked at, slots are granted.
void count_grants() {
    test::SegmentInMemory segment(kDepth + kStock + kTaps * kPins, kDepth + kStock, 1);
    SlotPool pool(segment.view, 1, 1, kDepth, kStock);
    layout::Word64 words[kTaps][kPins] = {};
    std::vector<PinWords> pins;
    for (const auto& of_one_tap : words) pins.emplace_back(of_one_tap, kPins);
    std::span<const uint32_t> granted = pool.grant(pins);
    const auto publish = [&] {
        std::vector<uint32_t> slots(granted.rbegin(), granted.rend());
        slots.resize(
            std::min<size_t>(slots.size(), 2));  // as a publisher does that asks for every other frame
        for (const uint32_t slot : slots) segment.publish(slot);
        for (auto& of_one_tap : words) of_one_tap[0] = layout::pin_value(1, slots.back());
    };
    const auto grant = [&] {
        if (!pool.accept().ok()) std::puts("the pool refuses what was published");
        granted = pool.grant(pins);
    };
    for (uint32_t i = 0; i < kDepth; ++i) {  // until there are frames to retire
        publish();
        grant();
    }
    for (int i = 0; i < kRounds; ++i) {
        publish();
        count("daemon: take in 2 frames, look at 8 taps' pins, grant", grant);
    }
}

}  // namespace camtap::bench
