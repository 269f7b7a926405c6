// Memory that a writer, its readers and the bench have in common, beside the frames: who has had which frame,
// and when.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

namespace camtap::bench {

// What the writer writes at the beginning of each frame.
struct Stamp {
    int64_t source_ns = 0;   // the picture is there; now it is to get into shared memory
    int64_t publish_ns = 0;  // it is in shared memory, and is published next
    uint64_t number = 0;     // from 1
    uint64_t recorded = 0;   // 0: to warm up
};

struct Sample {
    int64_t from_source_ns;   // until a reader had the pointer
    int64_t from_publish_ns;  // the same
    int64_t copied_ns;        // from source until the reader had its copy
    int64_t copying_ns;       // how long that took
    bool by_memcpy;           // or as the peer does it
};

// Of one reader, which writes all of it; the bench reads, and clears `samples` while nothing is published.
struct Sheet {
    static constexpr uint32_t kMaxSamples = 4096;

    alignas(128) std::atomic<uint64_t> newest;   // number of the newest frame that it got
    std::atomic<uint64_t> received;              // frames
    alignas(128) std::atomic<uint64_t> holding;  // number of the frame that it copies or holds on to; 0: none
    std::atomic<uint64_t> torn;                  // frames that changed in its hands
    std::atomic<int64_t> attached_ns;  // from its first call until it had its first frame; 0: it has none
    std::atomic<uint32_t> failed;
    std::atomic<uint32_t> samples;
    Sample sample[kMaxSamples];

    void note(const Stamp& stamp, const Sample& now) {
        if (stamp.recorded != 0) {
            const uint32_t i = samples.load(std::memory_order_relaxed);
            if (i < kMaxSamples) {
                sample[i] = now;
                samples.store(i + 1, std::memory_order_relaxed);
            }
        }
        received.store(received.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        newest.store(stamp.number, std::memory_order_release);
    }
};

struct Board {
    static constexpr uint32_t kSheets = 24;
    std::atomic<uint32_t> counted;  // sheets whose readers the writer waits for
    Sheet sheets[kSheets];
};

}  // namespace camtap::bench
