// How long does a frame take from the camera into a reader's hand, and what CPU time does it cost?
#include "paced.h"

namespace camtap::bench {
namespace {

std::string words(const char* how, Placement placement) {
    return std::string(" (") + how + "; " + name(placement) + ")";
}

void measure_sizes(Bench& bench, Work work, const std::vector<uint32_t>& readers) {
    for (const FrameSize& size : bench.extent.sizes) {
        for (const uint32_t r : readers) {
            work.size = size;
            work.readers = r;
            measure_paced(bench, work);
        }
    }
}

void print_cpu(Bench& bench, const Work& work, const std::vector<uint32_t>& readers) {
    Table table("CPU time for a frame, in µs, " +
                    std::string(work.filled ? "filled in place" : "copied once") + ", " + work.size.name() +
                    " (" + name(work.placement) + ")",
                {"", "readers", "writer", "daemon", "writer + daemon", "one reader"});
    for (const Peer& peer : bench.peers.present()) {
        for (const uint32_t r : readers) {
            Case c = case_of(peer.name, work);
            c.readers = r;
            const Figures::Values& writer = bench.figures.of("writer-cpu-us", c);
            const Figures::Values& daemon = bench.figures.of("daemon-cpu-us", c);
            if (writer.empty()) continue;
            const Figures::Values& both = bench.figures.of("writer-and-daemon-cpu-us", c);
            table.row({peer.name, std::to_string(r), with_range(writer, 1), with_range(daemon, 1),
                       with_range(both, 1), with_range(bench.figures.of("reader-cpu-us", c), 1)});
        }
    }
    bench.report.table(table);
}

}  // namespace

void measure_latency(Bench& bench) {
    Work work;
    for (const Placement placement : bench.extent.placements) {
        if (placement == Placement::together) continue;  // a copy holds up readers on the same core
        work.placement = placement;
        const std::vector<uint32_t>& readers =
            placement == Placement::across ? bench.extent.readers : bench.extent.few_readers;
        measure_sizes(bench, work, readers);
        const std::string how = words("p50 µs, by size × readers; one copy by the writer", placement);
        print_matrix(bench, "Source → pointer" + how, "source-p50-us", work, readers);
        print_matrix(bench, "Publish → pointer" + how, "publish-p50-us", work, readers);
    }
    work.placement = Placement::across;
    work.size = kFullHd;
    print_cpu(bench, work, bench.extent.few_readers);
}

void measure_filled(Bench& bench) {
    Work work;
    work.filled = true;
    const std::vector<uint32_t>& readers = bench.extent.few_readers;
    for (const Placement placement : bench.extent.placements) {
        work.placement = placement;
        measure_sizes(bench, work, readers);
        const std::string how = words("by size × readers; the camera fills the slot", placement);
        print_matrix(bench, "Publish → pointer, p50 µs" + how, "publish-p50-us", work, readers);
        print_matrix(bench, "Publish → pointer, p99 µs" + how, "publish-p99-us", work, readers);
    }
    work.size = kFullHd;
    for (const Placement placement : bench.extent.placements) {
        work.placement = placement;
        print_cpu(bench, work, readers);
    }
}

void measure_copies(Bench& bench) {
    Work work;
    work.copied_out = true;
    work.placement = Placement::across;
    const std::vector<uint32_t> readers{1, 4};
    measure_sizes(bench, work, readers);
    const std::string how =
        words("by size × readers; one copy by the writer, one by each reader", work.placement);
    print_matrix(bench, "Source → copied out, p50 µs" + how, "copied-p50-us", work, readers);
    print_matrix(bench, "Copying out, × memcpy of the same frames" + how, "copying-ratio", work, readers);
}

}  // namespace camtap::bench
