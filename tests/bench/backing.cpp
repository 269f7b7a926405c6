// Does camtap back no more memory than the slots that were in use together?
#include <camtap/camtap.hpp>

#include "common/clock.h"
#include "round.h"

namespace camtap::bench {
namespace {

constexpr double kMiB = 1 << 20;

void measure(Bench& bench, const Peer& peer, uint32_t readers, Table& table) {
    Work work;
    work.readers = readers;
    work.copied_out = true;  // they look at all of each frame
    Lane lane(peer, work, bench.stock);
    // not warmed up: faster than that they would hold frames for want of time to read them
    Order order;
    order.frames = 2 * bench.extent.frames;
    order.period_ns = kNsPerSecond / 50;
    const Account account = lane.run(order);
    const camtap_stream_info info = list_streams(lane.directory() + "/camtap.sock").at(0);
    const uint64_t in_use = peer.depth + bench.stock + account.old_frames_held;
    const double backed = static_cast<double>(info.memory_bytes) / kMiB;
    const double used = static_cast<double>(in_use * work.size.bytes()) / kMiB;
    bench.figures.add("backed-beyond-use-mib", case_of(peer.name, work), backed - used);
    table.row({std::to_string(readers), std::to_string(peer.depth), std::to_string(account.old_frames_held),
               std::to_string(in_use), fixed(used, 1), fixed(backed, 1), fixed(backed - used, 2),
               backed <= used + 2 ? "met" : "missed",
               fixed(static_cast<double>(info.segment_bytes) / kMiB, 0)});
}

}  // namespace

void measure_backing(Bench& bench) {
    Report::progress("backing");
    Table table("Camtap's memory with honest taps that read every frame (" + kFullHd.name() +
                    " at 50 frames/s, stock " + std::to_string(bench.stock) + "), in MiB",
                {"readers", "depth", "old frames held", "depth + stock + held, slots", "their size", "backed",
                 "more", "bound: at most 2 more", "most that it could become"});
    for (const uint32_t readers : {1u, 8u}) {
        for (const Peer& peer : bench.peers.present()) {
            if (peer.kind == Peer::Kind::ours) measure(bench, peer, readers, table);
        }
    }
    bench.report.table(table);
}

}  // namespace camtap::bench
