// What does a tap that sleeps, stops or never lets go do to the publisher and to another tap?
#include <signal.h>

#include <cstdio>

#include "common/clock.h"
#include "frame_stream.h"
#include "measurements.h"
#include "pace.h"
#include "report.h"

namespace camtap::bench {
namespace {

enum class Badness { none, sleeps, stopped, holds };
constexpr Badness kAll[] = {Badness::none, Badness::sleeps, Badness::stopped, Badness::holds};

const char* words(Badness badness) {
    switch (badness) {
        case Badness::none:
            return "nobody";
        case Badness::sleeps:
            return "sleeps after a frame";
        case Badness::stopped:
            return "is SIGSTOPped with a frame in its hands";
        case Badness::holds:
            return "holds max_pins frames for ever";
    }
    return "";
}

// Does its mischief once, and stays.
void misbehave(Badness badness, const TapOptions& options, const Readers::Process::Child& child) {
    Tap tap("flat", options);
    child.say();
    std::optional<Frame> first = tap.next();
    std::optional<Frame> second;
    if (badness == Badness::holds) second = tap.next();
    if (badness == Badness::sleeps) first.reset();
    child.say();
    if (badness == Badness::stopped) raise(SIGSTOP);
    for (;;) pause();
}

double frames_a_second(Lane& lane, double seconds) {
    const int64_t start = monotonic_ns();
    const int64_t end = start + static_cast<int64_t>(seconds * 1e9);
    uint64_t frames = 0;
    while (monotonic_ns() < end) {
        lane.publish(false);
        ++frames;
    }
    return static_cast<double>(frames) * 1e9 / static_cast<double>(monotonic_ns() - start);
}

struct Row {
    std::vector<double> rate, rate_ratio, p50, p50_ratio;
};

void measure(const Bench& bench, Badness badness, FrameStream& stream, Row& row) {
    std::unique_ptr<Readers> bad;
    Lane* const lanes[] = {&stream};
    if (badness != Badness::none) {
        const TapOptions options = bench.daemon.tap_options();
        bad = std::make_unique<Readers>(
            1, bench.cores, Placement::across,
            [&](Sheet&, const Readers::Process::Child& child) { misbehave(badness, options, child); });
        warm_up(lanes);  // the frames that it needs for its mischief
        bad->wait_for_word();
    }
    row.rate.push_back(frames_a_second(stream, bench.flat_out_seconds));
    warm_up(lanes);
    (void)stream.readers().take_latencies_us();
    publish_by_turns(lanes, bench.frames, kPaceHertz);
    row.p50.push_back(percentile(stream.readers().take_latencies_us(), 0.5));
}

}  // namespace

void measure_isolation(const Bench& bench) {
    bench.place_publisher(Placement::across);
    FrameStream::Settings settings{kFullHd, "flat"};
    settings.stock = 32;
    settings.placement = Placement::across;
    FrameStream stream(bench.daemon, bench.cores, settings);
    const std::vector<std::byte> picture(kFullHd.bytes(), std::byte{1});
    stream.copy_from(picture.data());  // as most publishers do; the honest tap then keeps up
    Lane* const lanes[] = {&stream};
    warm_up(lanes);
    frames_a_second(stream, bench.flat_out_seconds);  // until every slot has its memory
    Row rows[std::size(kAll)];
    for (size_t r = 0; r < bench.repetitions; ++r) {
        for (size_t i = 0; i < std::size(kAll); ++i) {
            measure(bench, kAll[i], stream, rows[i]);
            rows[i].rate_ratio.push_back(rows[i].rate.back() / rows[0].rate.back());
            rows[i].p50_ratio.push_back(rows[i].p50.back() / rows[0].p50.back());
        }
    }
    Table table(
        "What a bad tap does to the others (1920x1080, copied, stock 32; one honest tap, on another core)",
        {"the bad tap", "publisher flat out, frames/s", "× without", "honest tap's p50 µs at 200/s",
         "× without"});
    for (size_t i = 0; i < std::size(kAll); ++i) {
        table.row({words(kAll[i]), fixed(median(rows[i].rate), 0), with_range(rows[i].rate_ratio, 2),
                   fixed(median(rows[i].p50), 1), with_range(rows[i].p50_ratio, 2)});
    }
    table.print();
}

}  // namespace camtap::bench
