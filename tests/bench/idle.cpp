// What does it cost to be there: at a camera's usual rate, when nothing comes, and in memory? And to publish
// when nobody looks?
#include "common/clock.h"
#include "memory_use.h"
#include "pace.h"
#include "round.h"

namespace camtap::bench {
namespace {

constexpr double kMiB = 1 << 20;

struct Cpu {
    int64_t writer, daemon, readers, at;

    explicit Cpu(const Lane& lane)
        : writer(lane.writer_cpu_ns()),
          daemon(lane.daemon_cpu_ns()),
          readers(lane.readers_cpu_ns()),
          at(monotonic_ns()) {}
};

// As "WHEN-writer-percent", "-daemon-", and "-reader-" for one of them.
void add_percent(Bench& bench, const Lane& lane, const std::string& when, const Cpu& before) {
    const Cpu after(lane);
    const Case c = case_of(lane.peer().name, lane.work());
    const auto percent = [&](int64_t ns) {
        return static_cast<double>(ns) * 100 / static_cast<double>(after.at - before.at);
    };
    bench.figures.add(when + "-writer-percent", c, percent(after.writer - before.writer));
    if (lane.peer().has_daemon)
        bench.figures.add(when + "-daemon-percent", c, percent(after.daemon - before.daemon));
    bench.figures.add(when + "-reader-percent", c,
                      percent(after.readers - before.readers) / lane.work().readers);
}

void at_camera_rate(Bench& bench, Lane& lane) {
    Order order;
    order.frames = bench.extent.repetitions > 3 ? 90 : 30;
    order.period_ns = kNsPerSecond / 30;
    const Cpu before(lane);
    lane.run(order);
    add_percent(bench, lane, "30hz", before);
    const MemoryUse use = memory_use(lane.processes());
    const Case c = case_of(lane.peer().name, lane.work());
    // the picture that the writer copies from is the camera's, not the peer's
    const double camera = static_cast<double>(lane.work().size.bytes());
    bench.figures.add("memory-mib", c, (static_cast<double>(use.bytes) - camera) / kMiB);
    bench.figures.add("shared-memory-mib", c, static_cast<double>(use.shared) / kMiB);
}

// All at once, as none of them does anything.
void silent(Bench& bench, Round& round) {
    std::vector<std::pair<Lane*, Cpu>> quiet;
    for (const auto& lane : round.lanes()) {
        if (!lane->peer().polls) quiet.emplace_back(lane.get(), Cpu(*lane));
    }
    sleep_for(static_cast<int64_t>(bench.extent.silence_seconds * 1e9));
    for (const auto& [lane, before] : quiet) add_percent(bench, *lane, "silent", before);
    round.each([&](Lane& lane) {
        if (!lane.peer().polls) return;
        const Cpu before(lane);
        sleep_for(2 * kNsPerSecond);
        add_percent(bench, lane, "silent", before);
    });
}

void print(Bench& bench, const Work& work) {
    Table table("CPU time in % of a core, and memory in MiB (" + words(work) + ", copied once)",
                {"", "30 Hz: writer", "daemon", "one reader", "silent: writer", "daemon", "one reader",
                 "memory of all", "of it shared"});
    for (const Peer& peer : bench.peers.present()) {
        const Case c = case_of(peer.name, work);
        const auto cell = [&](const char* what, int decimals) {
            const Figures::Values& values = bench.figures.of(what, c);
            return values.empty() ? std::string("–") : fixed(median(values), decimals);
        };
        if (bench.figures.of("memory-mib", c).empty()) continue;
        table.row({peer.name, cell("30hz-writer-percent", 2), cell("30hz-daemon-percent", 3),
                   cell("30hz-reader-percent", 3), cell("silent-writer-percent", 4),
                   cell("silent-daemon-percent", 4), cell("silent-reader-percent", 4), cell("memory-mib", 1),
                   cell("shared-memory-mib", 1)});
    }
    bench.report.table(table);
}

void to_nobody(Bench& bench) {
    Work work;
    work.readers = 0;
    work.filled = true;
    work.placement = Placement::across;
    Round round(bench, work, kStockFlatOut);
    Order order;
    order.kind = Order::Kind::bare;
    order.frames = 5000;
    round.by_turns(bench.extent.repetitions, [&](Lane& lane) {
        const Account account = lane.run(order);
        const Case c = case_of(lane.peer().name, work);
        bench.figures.add("unwatched-publish-us", c, static_cast<double>(account.publish_call_ns) / 1e3);
        bench.figures.add(
            "unwatched-frame-us", c,
            static_cast<double>(account.elapsed_ns) / 1e3 / static_cast<double>(account.frames));
    });
    Table table("Publishing to nobody, in µs (" + work.size.name() + ", filled in place)",
                {"", "the call that publishes", "a whole frame"});
    for (const Peer& peer : bench.peers.present()) {
        const Case c = case_of(peer.name, work);
        const Figures::Values& call = bench.figures.of("unwatched-publish-us", c);
        if (call.empty()) continue;
        table.row({peer.name, with_range(call, 2), with_range(bench.figures.of("unwatched-frame-us", c), 2)});
    }
    bench.report.table(table);
}

}  // namespace

void measure_idle(Bench& bench) {
    Work work;
    work.readers = 4;
    Report::progress("idle: " + words(work));
    {
        Round round(bench, work, bench.stock);
        round.each([&](Lane& lane) { at_camera_rate(bench, lane); });
        silent(bench, round);
    }
    print(bench, work);
    to_nobody(bench);
}

}  // namespace camtap::bench
