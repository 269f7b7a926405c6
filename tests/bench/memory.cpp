// Is no more memory backed than the slots that were in use together?
#include <algorithm>
#include <cstdio>
#include <set>

#include "common/clock.h"
#include "frame_stream.h"
#include "measurements.h"
#include "pace.h"
#include "report.h"

namespace camtap::bench {
namespace {

constexpr FrameSize kSize = kFullHd;
constexpr double kHertz = 50;
constexpr double kMiB = 1 << 20;

// Frames in somebody's hands that are older than those that stay visible.
size_t held_and_old(const Readers& readers, uint64_t head, uint32_t depth) {
    std::set<uint64_t> old;
    for (size_t i = 0; i < readers.count(); ++i) {
        const uint64_t sequence = readers.sheet(i).holding.load();
        if (sequence != 0 && sequence + depth <= head) old.insert(sequence);
    }
    return old.size();
}

void measure(const Bench& bench, size_t readers, uint32_t depth, Table& table) {
    const std::string name = "memory-" + std::to_string(depth) + "-" + std::to_string(readers);
    FrameStream::Settings settings{kSize, name};
    settings.stock = bench.stock;
    settings.readers = readers;
    settings.habit = Habit::read;
    FrameStream stream(bench.daemon, bench.cores, settings);
    const uint64_t before_first = bench.daemon.info(name).head;
    Pace pace(static_cast<int64_t>(1e9 / kHertz));
    size_t most = 0;
    for (uint64_t n = 1; n <= bench.frames; ++n) {
        // the daemon looks at the pins right after a frame was published
        stream.publish(false);
        most = std::max(most, held_and_old(stream.readers(), before_first + n, depth));
        pace.wait();
    }
    const size_t in_use = depth + bench.stock + most;
    const camtap_stream_info info = bench.daemon.info(name);
    const double backed = static_cast<double>(info.memory_bytes) / kMiB;
    const double used = static_cast<double>(in_use * kSize.bytes()) / kMiB;
    table.row({std::to_string(readers), std::to_string(depth), std::to_string(most), std::to_string(in_use),
               fixed(used, 1), fixed(backed, 1), fixed(backed - used, 2),
               backed <= used + 2 ? "met" : "missed",
               fixed(static_cast<double>(info.segment_bytes) / kMiB, 0)});
}

}  // namespace

void measure_memory(const Bench& bench) {
    bench.place_publisher(Placement::free);
    Table table("Memory with honest taps that read every frame (1920x1080 at 50 frames/s, stock " +
                    std::to_string(bench.stock) + "), in MiB",
                {"readers", "depth", "old frames held", "depth + stock + held, slots", "their size", "backed",
                 "more", "bound: at most 2 more", "most that it could become"});
    for (const size_t readers : {1u, 8u}) {
        for (const uint32_t depth : {1u, 4u}) measure(bench, readers, depth, table);
    }
    table.print();
}

}  // namespace camtap::bench
