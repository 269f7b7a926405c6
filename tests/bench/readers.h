// Processes that wait for frames and write down when each one came.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "../system/forked.h"
#include "cores.h"

namespace camtap::bench {

// What the publisher writes at the beginning of each frame.
struct Stamp {
    int64_t at_ns = 0;  // just before it was published
    uint64_t number = 0;
    uint64_t recorded = 0;  // 0: to warm up
};

// In memory that is shared with one reader, which writes all of it; the bench reads, and clears `samples`
// while nothing is published.
struct Sheet {
    static constexpr uint32_t kMaxSamples = 4096;

    std::atomic<uint64_t> newest;    // number of the newest frame that it got
    std::atomic<uint64_t> received;  // frames
    std::atomic<uint64_t> holding;   // sequence number of the frame in its hands; 0: none
    std::atomic<uint32_t> samples;
    std::atomic<uint32_t> failed;
    int64_t latency_ns[kMaxSamples];

    void note(const Stamp& stamp, int64_t now_ns);
};

// Owns: `count` processes that run `body` until they are killed with this object.
class Readers {
  public:
    using Process = test::Forked;
    // `body` calls child.say() when it is ready, and comes back only if it fails.
    using Body = std::function<void(Sheet&, const Process::Child&)>;

    // Blocks until all have said that they are ready.
    Readers(size_t count, const Cores& cores, Placement placement, const Body& body);
    ~Readers();

    // Blocks until each has said something (once more).
    void wait_for_word() const;

    size_t count() const { return processes_.size(); }
    Sheet& sheet(size_t reader) const { return sheets_[reader]; }
    // Whether each of them got frame `number` or a later one. Throws when one has failed.
    bool have(uint64_t number) const;
    int64_t cpu_ns() const;  // of all of them
    // All their latencies since the last call, in µs. Only while nothing is published.
    std::vector<double> take_latencies_us();

  private:
    Sheet* sheets_;
    size_t bytes_;
    std::vector<std::unique_ptr<Process>> processes_;
};

}  // namespace camtap::bench
