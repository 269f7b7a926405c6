// How long until a new reader has its first frame, while 200 a second are published?
#include "common/clock.h"
#include "pace.h"
#include "round.h"

namespace camtap::bench {
namespace {

constexpr uint32_t kSpareSheet = 16;
constexpr int kNewcomers = 2;  // one after the other, in one turn

void turn(Bench& bench, Lane& lane) {
    if (!lane.peer().readers_may_leave) return;
    Order order;
    order.frames = 100;
    order.period_ns = kNsPerSecond / 200;
    lane.start(order);
    for (int i = 0; i < kNewcomers; ++i) {
        const Program reader = lane.add_reader(kSpareSheet, {});
        const Sheet& sheet = lane.sheet(kSpareSheet);
        const int64_t give_up = monotonic_ns() + kNsPerSecond;
        while (sheet.attached_ns.load() == 0 && monotonic_ns() < give_up) sleep_for(kNsPerMs);
        if (const int64_t ns = sheet.attached_ns.load(); ns != 0) {
            bench.figures.add("attach-ms", case_of(lane.peer().name, lane.work()),
                              static_cast<double>(ns) / 1e6);
        }
    }
    lane.finish();
}

}  // namespace

void measure_attach(Bench& bench) {
    Work work;
    work.visitors = 4;
    Report::progress("attach: " + words(work));
    Round round(bench, work, bench.stock);
    round.by_turns(bench.extent.repetitions > 3 ? 5 : 2, [&](Lane& lane) { turn(bench, lane); });
    Table table("From attaching to the first frame, in ms (" + work.size.name() + ", 200 frames/s)",
                {"", "ms", "× best peer"});
    std::vector<std::string> peers;
    for (const Peer& peer : bench.peers.present()) {
        if (peer.kind == Peer::Kind::peer) peers.emplace_back(peer.name);
    }
    Case c = case_of("", work);
    c.lane = bench.figures.best_lane("attach-ms", c, peers, false);
    for (const Peer& peer : bench.peers.present()) {
        const Figures::Values& values = bench.figures.of("attach-ms", case_of(peer.name, work));
        if (values.empty()) continue;
        const Figures::Values& best = bench.figures.of("attach-ms", c);
        const double other = best.empty() ? 0 : median(best);
        table.row({peer.name, with_range(values, 2), other > 0 ? fixed(median(values) / other, 2) : "–"});
    }
    bench.report.table(table);
}

}  // namespace camtap::bench
