// Promise: no tap ever reads a slot while it is written. Publisher and taps as threads on one mapping, with the real pin functions and the real slot pool, so that ThreadSanitizer watches every access
// to the payload.
#include "common/pins.h"

#include <gtest/gtest.h>

#include <thread>

#include "client/slot_pool.h"
#include "segment_in_memory.h"

namespace camtap {
namespace {

constexpr uint32_t kTaps = 2;
constexpr uint32_t kPinsPerTap = 2;
constexpr uint32_t kDepth = 1;
constexpr uint32_t kStock = 1;
constexpr size_t kWords = 64;  // of payload; plain memory, so a race is one

struct Stage {
    test::SegmentInMemory segment{kDepth + kStock + kTaps * kPinsPerTap, kDepth + kStock, 1, kWords * 8};
    layout::Word64 pins[kTaps][kPinsPerTap] = {};
    std::atomic<bool> stop{false};

    uint64_t* payload(uint32_t s) { return reinterpret_cast<uint64_t*>(segment.view.payload(s)); }

    // A tap that looks at the newest frame, over and over, changing between its pin words.
    uint64_t look(uint32_t tap) {
        uint64_t torn = 0;
        uint64_t looked = 0;
        for (size_t word = 0; !stop || looked == 0; word = (word + 1) % kPinsPerTap) {
            const uint64_t n = segment.view.header().head.load(std::memory_order_acquire);
            if (n == 0) continue;
            const uint32_t s = segment.view.index(n).load(std::memory_order_acquire);
            auto& pin = pins[tap][word];
            if (!pins::try_pin(pin, layout::pin_value(1, s), segment.view.slot(s).sequence, n)) continue;
            for (size_t i = 0; i < kWords; ++i) torn += payload(s)[i] != n ? 1 : 0;
            ++looked;
            pins::unpin(pin);
        }
        return torn;
    }
};

TEST(Pins, NoTornFrameWithThreads) {
    Stage stage;
    client::SlotPool pool(stage.segment.view, 1, 1, kDepth);
    std::vector<uint64_t> torn(kTaps);
    std::vector<std::thread> taps;
    for (uint32_t t = 0; t < kTaps; ++t) taps.emplace_back([&, t] { torn[t] = stage.look(t); });
    client::PinWords words[kTaps];
    for (uint32_t t = 0; t < kTaps; ++t) words[t] = client::PinWords(stage.pins[t], kPinsPerTap);
    constexpr uint64_t kFrames = 20'000;
    for (uint64_t n = 1; n <= kFrames; ++n) {
        pool.retire_old_frames();
        pool.free_unpinned(words);
        ASSERT_FALSE(pool.free().empty()) << "at frame " << n;
        const uint32_t slot = pool.take(pool.free().size() - 1);
        for (size_t i = 0; i < kWords; ++i) stage.payload(slot)[i] = n;
        pool.publish(slot);
    }
    stage.stop = true;
    for (auto& tap : taps) tap.join();
    for (uint32_t t = 0; t < kTaps; ++t) EXPECT_EQ(torn[t], 0u);
}

}  // namespace
}  // namespace camtap
