// Does a frame reach a tap as fast as a bare futex could, whatever its size?
#include <cstdio>

#include "floor.h"
#include "frame_stream.h"
#include "measurements.h"
#include "pace.h"
#include "report.h"

namespace camtap::bench {
namespace {

struct Row {
    std::string what;
    std::vector<double> all, p50, ratio,
        ratio_to_vga;  // all latencies; one of the others for each repetition
};

std::vector<Row> run(const Bench& bench, size_t readers, Placement placement) {
    Floor floor(readers, bench.cores, placement);
    std::vector<std::unique_ptr<FrameStream>> streams;
    std::vector<Lane*> lanes{&floor};
    std::vector<Row> rows{{"bare futex", {}, {}, {}, {}}};
    for (const FrameSize& size : kSizes) {
        FrameStream::Settings settings{size, size.name};
        settings.readers = readers;
        settings.stock = bench.stock;
        settings.placement = placement;
        streams.push_back(std::make_unique<FrameStream>(bench.daemon, bench.cores, settings));
        lanes.push_back(streams.back().get());
        rows.push_back({std::string("camtap ") + size.format, {}, {}, {}, {}});
    }
    warm_up(lanes);
    for (size_t r = 0; r < bench.repetitions; ++r) {
        publish_by_turns(lanes, bench.frames, kPaceHertz);
        for (size_t i = 0; i < lanes.size(); ++i) {
            const std::vector<double> us = lanes[i]->readers().take_latencies_us();
            rows[i].p50.push_back(percentile(us, 0.50));
            rows[i].all.insert(rows[i].all.end(), us.begin(), us.end());
            rows[i].ratio.push_back(rows[i].p50.back() / rows[0].p50.back());
            if (i > 0) rows[i].ratio_to_vga.push_back(rows[i].p50.back() / rows[1].p50.back());
        }
    }
    return rows;
}

}  // namespace

void measure_latency(const Bench& bench) {
    Table table("Publish → pointer in a tap's hand (at 200 frames/s, lanes by turns)",
                {"cores", "readers", "what", "p50 µs", "p99 µs", "p50 × bare futex", "p50 × 640x480"});
    Table bounds("Bound: with one reader at most 1.3 × the bare futex, whatever the size",
                 {"cores", "p50 × bare futex, all sizes", "bound", "larger sizes × 640x480, all readers"});
    for (const Placement placement : {Placement::across, Placement::together, Placement::free}) {
        bench.place_publisher(placement);
        std::vector<double> alone;
        std::vector<double> larger;
        for (const size_t readers : {1u, 4u, 8u}) {
            const std::vector<Row> rows = run(bench, readers, placement);
            for (size_t i = 0; i < rows.size(); ++i) {
                const Row& row = rows[i];
                table.row({name(placement), std::to_string(readers), row.what, with_range(row.p50, 1),
                           fixed(percentile(row.all, 0.99), 0), with_range(row.ratio, 2),
                           with_range(row.ratio_to_vga, 2)});
                if (i > 0 && readers == 1) alone.insert(alone.end(), row.ratio.begin(), row.ratio.end());
                if (i > 1) larger.insert(larger.end(), row.ratio_to_vga.begin(), row.ratio_to_vga.end());
            }
        }
        bounds.row({name(placement), with_range(alone, 2), verdict(alone, 1.3), with_range(larger, 2)});
    }
    table.print();
    bounds.print();
}

}  // namespace camtap::bench
