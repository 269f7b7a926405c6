// How many frames a second can be shared if nobody waits?
#include <algorithm>
#include <cstdio>

#include "common/clock.h"
#include "frame_stream.h"
#include "measurements.h"
#include "pace.h"
#include "report.h"

namespace camtap::bench {
namespace {

struct Rates {
    std::vector<double> published, received;
};

void run(const Bench& bench, FrameStream& stream, Rates& rates) {
    const auto received = [&] {
        uint64_t sum = 0;
        for (size_t i = 0; i < stream.readers().count(); ++i)
            sum += stream.readers().sheet(i).received.load();
        return static_cast<double>(sum) / static_cast<double>(stream.readers().count());
    };
    const double received_before = received();
    const int64_t start = monotonic_ns();
    const int64_t end = start + static_cast<int64_t>(bench.flat_out_seconds * 1e9);
    double frames = 0;
    for (; monotonic_ns() < end; ++frames) stream.publish(false);
    const double seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
    rates.published.push_back(frames / seconds);
    rates.received.push_back((received() - received_before) / seconds);
}

}  // namespace

void measure_flat_out(const Bench& bench) {
    bench.place_publisher(Placement::across);
    const std::vector<std::byte> picture(kFullHd.bytes(), std::byte{1});
    Table table("Flat out, 1920x1080, stock 32, taps on another core (for information)",
                {"readers", "the publisher", "published frames/s", "received by a tap, frames/s"});
    for (const size_t readers : {1u, 4u, 8u}) {
        FrameStream::Settings settings{kFullHd, "flat"};
        settings.stock = 32;
        settings.readers = readers;
        settings.placement = Placement::across;
        FrameStream stream(bench.daemon, bench.cores, settings);
        Lane* const lanes[] = {&stream};
        warm_up(lanes);
        Rates copied;
        Rates filled;
        Rates warming;
        run(bench, stream, warming);
        for (size_t r = 0; r < bench.repetitions; ++r) {
            stream.copy_from(picture.data());
            run(bench, stream, copied);
            stream.copy_from(nullptr);
            run(bench, stream, filled);
        }
        table.row({std::to_string(readers), "copies each frame", with_range(copied.published, 0),
                   with_range(copied.received, 0)});
        table.row({std::to_string(readers), "the camera fills the slot", with_range(filled.published, 0),
                   with_range(filled.received, 0)});
    }
    table.print();
}

}  // namespace camtap::bench
