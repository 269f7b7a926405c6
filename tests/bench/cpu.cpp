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

void measure(const Bench& bench, Lane& lane, Row& row) {
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
        for (size_t i = 0; i < lanes.size(); ++i) measure(bench, *lanes[i], rows[i]);
    }
    return rows;
}

}  // namespace

void measure_cpu(const Bench& bench) {
    Table table("CPU time for a frame, in µs (at 200 frames/s)",
                {"cores", "readers", "what", "one tap", "publisher", "daemon", "daemon + publisher"});
    std::vector<double> taps;
    std::vector<double> both_with_eight;
    for (const Placement placement : {Placement::together, Placement::across}) {
        bench.place_publisher(placement);
        for (const size_t readers : {1u, 8u}) {
            const std::vector<Row> rows = run(bench, readers, placement);
            for (size_t i = 0; i < rows.size(); ++i) {
                const Row& row = rows[i];
                table.row({name(placement), std::to_string(readers), row.what, with_range(row.tap, 1),
                           with_range(row.publisher, 1), i == 0 ? "–" : with_range(row.daemon, 1),
                           i == 0 ? "–" : with_range(row.both, 1)});
                if (i == 0 || placement != Placement::together) continue;
                taps.insert(taps.end(), row.tap.begin(), row.tap.end());
                if (readers == 8)
                    both_with_eight.insert(both_with_eight.end(), row.both.begin(), row.both.end());
            }
        }
    }
    table.print();
    // waking another core costs what the machine makes of it, and as much again for a bare futex
    std::printf(
        "\nBounds, all on one core: a tap under 15 µs: %s, %s; daemon and publisher with 8 taps under "
        "25 µs: %s, %s.\n",
        with_range(taps, 1).c_str(), verdict(taps, 15).c_str(), with_range(both_with_eight, 1).c_str(),
        verdict(both_with_eight, 25).c_str());
}

}  // namespace camtap::bench
