// How much CPU time does a frame cost, and does its size matter?
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
    std::vector<double> tap, publisher, daemon, both;
};

void measure(const Bench& bench, Lane& lane, Row& row, bool has_daemon) {
    Lane* const lanes[] = {&lane};
    warm_up(lanes);
    (void)lane.readers().take_latencies_us();
    const auto us_a_frame = [&](int64_t ns) {
        return static_cast<double>(ns) / 1000.0 / static_cast<double>(bench.frames);
    };
    const int64_t readers_before = lane.readers().cpu_ns();
    const int64_t daemon_before = cpu_ns_of(bench.daemon.pid());
    const int64_t publisher_ns = publish_by_turns(lanes, bench.frames, kPaceHertz)[0];
    const double count = static_cast<double>(lane.readers().count());
    row.tap.push_back(us_a_frame(lane.readers().cpu_ns() - readers_before) / count);
    row.publisher.push_back(us_a_frame(publisher_ns));
    if (!has_daemon) return;
    row.daemon.push_back(us_a_frame(cpu_ns_of(bench.daemon.pid()) - daemon_before));
    row.both.push_back(row.publisher.back() + row.daemon.back());
}

std::vector<Row> run(const Bench& bench, size_t readers, Placement placement) {
    std::vector<std::unique_ptr<Lane>> lanes;
    lanes.push_back(std::make_unique<Floor>(readers, bench.cores, placement));
    std::vector<Row> rows{{"bare futex", {}, {}, {}, {}}};
    for (const FrameSize& size : kSizes) {
        FrameStream::Settings settings{size, size.name};
        settings.readers = readers;
        settings.stock = bench.stock;
        settings.placement = placement;
        lanes.push_back(std::make_unique<FrameStream>(bench.daemon, bench.cores, settings));
        rows.push_back({std::string("camtap ") + size.format, {}, {}, {}, {}});
    }
    for (size_t r = 0; r < bench.repetitions; ++r) {
        for (size_t i = 0; i < lanes.size(); ++i) measure(bench, *lanes[i], rows[i], i > 0);
    }
    return rows;
}

}  // namespace

void measure_cpu(const Bench& bench) {
    Table table("CPU time for a frame, in µs (at 200 frames/s)",
                {"cores", "readers", "what", "one tap", "publisher", "daemon", "daemon + publisher"});
    Table bounds("Bounds: a tap under 15 µs; daemon and publisher with 8 taps under 25 µs, all sizes",
                 {"cores", "readers", "one tap", "bound", "daemon + publisher", "bound"});
    for (const Placement placement : {Placement::together, Placement::across}) {
        bench.place_publisher(placement);
        for (const size_t readers : {1u, 8u}) {
            const std::vector<Row> rows = run(bench, readers, placement);
            std::vector<double> taps;
            std::vector<double> both;
            for (size_t i = 0; i < rows.size(); ++i) {
                const Row& row = rows[i];
                table.row({name(placement), std::to_string(readers), row.what, with_range(row.tap, 1),
                           with_range(row.publisher, 1), with_range(row.daemon, 1), with_range(row.both, 1)});
                if (i == 0) continue;
                taps.insert(taps.end(), row.tap.begin(), row.tap.end());
                both.insert(both.end(), row.both.begin(), row.both.end());
            }
            bounds.row({name(placement), std::to_string(readers), with_range(taps, 1), verdict(taps, 15),
                        with_range(both, 1), readers == 8 ? verdict(both, 25) : "–"});
        }
    }
    table.print();
    bounds.print();
}

}  // namespace camtap::bench
