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
    std::vector<double> p50, p99, ratio, ratio_to_vga;
};

std::vector<Row> run(const Bench& bench, size_t readers, Placement placement) {
    Floor floor(readers, bench.cores, placement);
    std::vector<std::unique_ptr<FrameStream>> streams;
    std::vector<Lane*> lanes{&floor};
    std::vector<Row> rows{{"bare futex", {}, {}, {}, {}}};
    for (const FrameSize& size : kSizes) {
        FrameStream::Settings settings{size, size.name};
        settings.readers = readers;
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
            rows[i].p99.push_back(percentile(us, 0.99));
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
    std::vector<double> alone;
    for (const Placement placement : {Placement::across, Placement::free}) {
        bench.place_publisher(placement);
        for (const size_t readers : {1u, 4u, 8u}) {
            for (const Row& row : run(bench, readers, placement)) {
                table.row({name(placement), std::to_string(readers), row.what, with_range(row.p50, 1),
                           fixed(median(row.p99), 0), with_range(row.ratio, 2),
                           with_range(row.ratio_to_vga, 2)});
                if (readers == 1 && !row.ratio_to_vga.empty())
                    alone.insert(alone.end(), row.ratio.begin(), row.ratio.end());
            }
        }
    }
    table.print();
    std::printf("\nBound: at most 1.3 × the bare futex with one reader: %s, %s.\n",
                with_range(alone, 2).c_str(), verdict(alone, 1.3).c_str());
}

}  // namespace camtap::bench
