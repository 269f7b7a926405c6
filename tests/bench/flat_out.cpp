// How many frames a second can be shared if nobody pauses?
#include "common/clock.h"
#include "round.h"

namespace camtap::bench {
namespace {

// Until every slot has been used. What a slot's first use takes isn't asked here: the kernel clears its memory,
// and in a virtual machine the host has to find that memory first, 5 ms for 2 MiB.
constexpr double kWarmingSeconds = 0.7;

// So long that slow peers get some frames through.
double seconds(const Bench& bench, const Work& work) {
    return bench.extent.flat_out_seconds * (work.size == kUhd ? 2 : 1);
}

void turn(Bench& bench, Lane& lane, bool warming) {
    if (lane.peer().carries_nothing) return;
    const Work& work = lane.work();
    const Case c = case_of(lane.peer().name, work);
    Order order;
    order.kind = Order::Kind::flat_out;
    order.duration_ns = static_cast<int64_t>((warming ? kWarmingSeconds : seconds(bench, work)) * 1e9);
    order.window = work.every_frame ? lane.window() : 0;
    const uint64_t before = lane.received();
    const Account account = lane.run(order);
    const auto rate = [&](double frames) { return frames * 1e9 / static_cast<double>(account.elapsed_ns); };
    const double received = static_cast<double>(lane.received() - before) / work.readers;
    lane.settle(account.newest);
    if (warming) return;
    if (!work.every_frame) {
        bench.figures.add("free-published-hz", c, rate(static_cast<double>(account.frames)));
        bench.figures.add("free-received-hz", c, rate(received));
        return;
    }
    bench.figures.add("flat-out-hz", c, rate(received));
    const double in_all = static_cast<double>(lane.received() - before) / work.readers;
    bench.figures.add("flat-out-lost-percent", c, 100 - 100 * in_all / static_cast<double>(account.frames));
}

void measure(Bench& bench, const Work& work) {
    Report::progress("flat out: " + words(work) + (work.every_frame ? ", every frame" : ", nobody waits"));
    Round round(bench, work, work.filled ? kStockFlatOut : bench.stock);
    round.each([&](Lane& lane) { turn(bench, lane, true); });
    round.by_turns(bench.extent.repetitions, [&](Lane& lane) { turn(bench, lane, false); });
}

void measure_all(Bench& bench, Work work, const std::vector<FrameSize>& sizes,
                 const std::vector<uint32_t>& readers) {
    for (const FrameSize& size : sizes) {
        for (const uint32_t r : readers) {
            work.size = size;
            work.readers = r;
            measure(bench, work);
        }
    }
}

// Lanes that don't wait by themselves and keep no frames for late readers would only be measured to lose
// them.
void print_free(Bench& bench, const Work& work) {
    Table table("Flat out, nobody waits for anybody: frames/s published, and received by each reader (" +
                    kFullHd.name() + ", filled in place)",
                {"", "readers", "published", "received", "p. c. received"});
    for (const Peer& peer : bench.peers.present()) {
        for (const uint32_t r : bench.extent.few_readers) {
            Case c = case_of(peer.name, work);
            c.size = kFullHd;
            c.readers = r;
            const Figures::Values& published = bench.figures.of("free-published-hz", c);
            const Figures::Values& received = bench.figures.of("free-received-hz", c);
            if (published.empty()) continue;
            table.row({peer.name, std::to_string(r), with_range(published, 0), with_range(received, 0),
                       fixed(100 * median(Figures::ratios(received, published)), 0)});
        }
    }
    bench.report.table(table);
}

}  // namespace

void measure_flat_out(Bench& bench) {
    Work work;
    work.every_frame = true;
    const std::vector<FrameSize> full_hd{kFullHd};
    for (const Placement placement : bench.extent.placements) {
        if (placement == Placement::together) continue;  // there is one core for all of them
        work.placement = placement;
        const bool all = placement == Placement::across;
        measure_all(bench, work, all ? bench.extent.sizes : full_hd,
                    all ? bench.extent.readers : bench.extent.few_readers);
        print_matrix(bench,
                     std::string("Flat out, frames/s, every reader gets every frame (by size × readers; one "
                                 "copy by the writer; ") +
                         name(placement) + ")",
                     "flat-out-hz", work, bench.extent.readers);
    }
    work.filled = true;
    work.placement = Placement::across;
    measure_all(bench, work, full_hd, bench.extent.readers);
    print_matrix(
        bench,
        "Flat out, frames/s, every reader gets every frame (by size × readers; the camera fills the slot; "
        "readers on another core)",
        "flat-out-hz", work, bench.extent.readers);
    work.every_frame = false;
    measure_all(bench, work, full_hd, bench.extent.few_readers);
    print_free(bench, work);
}

}  // namespace camtap::bench
