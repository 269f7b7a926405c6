// What does a tap that sleeps, stops or never lets go do to camtap's publisher and to another tap?
#include <signal.h>

#include "common/clock.h"
#include "pace.h"
#include "round.h"

namespace camtap::bench {
namespace {

constexpr uint32_t kBadSheet = 16;
constexpr uint32_t kForEverMs = 3'600'000;

struct Badness {
    const char* words;
    bool there;
    bool stopped;
    Assignment manner;
};

// Of max_pins, which is 2.
const Badness kAll[] = {
    {"nobody", false, false, {}},
    {"is SIGSTOPped with a frame in its hands", true, true, {.frames_held = 1, .hold_ms = kForEverMs}},
    {"holds max_pins frames for ever", true, false, {.frames_held = 2, .hold_ms = kForEverMs}}};

struct Row {
    std::vector<double> rate, rate_ratio, p50, p50_ratio;
};

void measure(const Bench& bench, const Badness& badness, Lane& lane, Row& row) {
    std::optional<Program> bad;
    if (badness.there) {
        bad.emplace(lane.add_reader(kBadSheet, badness.manner));
        const int64_t give_up = monotonic_ns() + 20 * kNsPerSecond;
        while (lane.sheet(kBadSheet).holding.load() == 0 && monotonic_ns() < give_up) lane.warm_up();
        if (badness.stopped) bad->signal(SIGSTOP);
    }
    Order flat_out;
    flat_out.kind = Order::Kind::flat_out;
    flat_out.duration_ns = static_cast<int64_t>(bench.extent.flat_out_seconds * 1e9);
    const Account account = lane.run(flat_out);
    row.rate.push_back(static_cast<double>(account.frames) * 1e9 / static_cast<double>(account.elapsed_ns));
    lane.settle(account.newest);
    (void)lane.take_samples();
    Order paced;
    paced.frames = 2 * bench.extent.frames;
    paced.period_ns = kNsPerSecond / 200;
    paced.recorded = 1;
    lane.settle(lane.run(paced).newest);
    std::vector<double> us;
    for (const Sample& s : lane.take_samples()) us.push_back(static_cast<double>(s.from_publish_ns) / 1e3);
    row.p50.push_back(median(us));
}

}  // namespace

void measure_isolation(Bench& bench) {
    Report::progress("isolation");
    Work work;
    work.placement = Placement::across;
    work.visitors = 1;
    Lane lane(*bench.peers.find(kOurs), work, kStockFlatOut);
    lane.warm_up();
    Row rows[std::size(kAll)];
    for (size_t r = 0; r < bench.extent.repetitions; ++r) {
        for (size_t i = 0; i < std::size(kAll); ++i) {
            measure(bench, kAll[i], lane, rows[i]);
            rows[i].rate_ratio.push_back(rows[i].rate.back() / rows[0].rate.back());
            rows[i].p50_ratio.push_back(rows[i].p50.back() / rows[0].p50.back());
        }
    }
    Table table("What a bad tap does to the others (" + words(work) + ", copied, stock " +
                    std::to_string(kStockFlatOut) + ")",
                {"the bad tap", "publisher flat out, frames/s", "× without", "honest tap's p50 µs at 200/s",
                 "× without"});
    for (size_t i = 0; i < std::size(kAll); ++i) {
        table.row({kAll[i].words, fixed(median(rows[i].rate), 0), with_range(rows[i].rate_ratio, 2),
                   fixed(median(rows[i].p50), 1), with_range(rows[i].p50_ratio, 2)});
    }
    bench.report.table(table);
}

}  // namespace camtap::bench
