// Does anybody poll when nothing is published?
#include <cstdio>

#include "common/clock.h"
#include "frame_stream.h"
#include "measurements.h"
#include "pace.h"
#include "report.h"

namespace camtap::bench {

void measure_silence(const Bench& bench) {
    bench.place_publisher(Placement::free);
    FrameStream::Settings settings{kFullHd, kFullHd.name};
    settings.readers = 8;
    settings.stock = bench.stock;
    FrameStream stream(bench.daemon, bench.cores, settings);
    Lane* const lanes[] = {&stream};
    warm_up(lanes);
    const int64_t readers_before = stream.readers().cpu_ns();
    const int64_t daemon_before = cpu_ns_of(bench.daemon.pid());
    const int64_t publisher_before = cpu_ns_of(0);
    const int64_t start = monotonic_ns();
    Pace(static_cast<int64_t>(bench.silence_seconds * 1e9)).wait();
    const auto elapsed = static_cast<double>(monotonic_ns() - start);
    const auto percent = [&](int64_t ns) { return fixed(static_cast<double>(ns) * 100 / elapsed, 4); };
    Table table("CPU time in % of a core when nothing is published, over " + fixed(elapsed / 1e9, 1) +
                    " s from the last frame on",
                {"one tap (of 8)", "publisher", "daemon"});
    table.row({percent((stream.readers().cpu_ns() - readers_before) / 8),
               percent(cpu_ns_of(0) - publisher_before),
               percent(cpu_ns_of(bench.daemon.pid()) - daemon_before)});
    table.print();
}

}  // namespace camtap::bench
