// Does a frame reach a tap as fast as a bare futex could, whatever its size? And what CPU time does it cost?
#include "paced.h"

namespace camtap::bench {
namespace {

struct Row {
    Placement placement;
    uint32_t readers;
};

void print_row(const Bench& bench, const Row& row, Table& table) {
    const auto values = [&](const std::string& what, const char* lane, const FrameSize& size) {
        return bench.figures.of("by-size-" + what, {lane, size, row.readers, row.placement, true});
    };
    const Figures::Values futex = values("publish-p50-us", kFutex.data(), kVga);
    const Figures::Values small = values("publish-p50-us", kOurs.data(), kVga);
    const auto cells = [&](const std::string& title, const char* lane, const FrameSize& size) {
        const Figures::Values p50 = values("publish-p50-us", lane, size);
        table.row({name(row.placement), std::to_string(row.readers), title, with_range(p50, 1),
                   with_range(Figures::ratios(p50, futex), 2), with_range(Figures::ratios(p50, small), 2),
                   with_range(values("reader-cpu-us", lane, size), 1),
                   with_range(values("writer-and-daemon-cpu-us", lane, size), 1)});
    };
    cells("bare futex", kFutex.data(), kVga);
    for (const FrameSize& size : kSizes) cells("camtap " + size.name(), kOurs.data(), size);
}

}  // namespace

void measure_by_size(Bench& bench) {
    Table table("Publish → pointer, sizes by turns (p50 µs; the camera fills the slot; repetitions: " +
                    std::to_string(bench.extent.by_size_repetitions) + ")",
                {"cores", "readers", "what", "p50 µs", "× bare futex", "× camtap 640x480",
                 "CPU of one reader, µs", "CPU of writer and daemon, µs"});
    for (const Placement placement : bench.extent.placements) {
        for (const uint32_t readers : bench.extent.few_readers) {
            Work work;
            work.filled = true;
            work.placement = placement;
            work.readers = readers;
            work.size = kVga;
            Report::progress("by size: " + words(work));
            Round round(bench);
            round.add(*bench.peers.find(kFutex), work, bench.stock);
            for (const FrameSize& size : kSizes) {
                work.size = size;
                round.add(*bench.peers.find(kOurs), work, bench.stock);
            }
            measure_paced(bench, round, bench.extent.by_size_repetitions, "by-size-");
            print_row(bench, {placement, readers}, table);
        }
    }
    bench.report.table(table);
}

}  // namespace camtap::bench
