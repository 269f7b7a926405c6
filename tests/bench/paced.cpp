#include "paced.h"

#include <map>

#include "common/clock.h"

namespace camtap::bench {
namespace {

struct Latencies {
    std::vector<double> source, publish, copied, by_peer, by_memcpy;  // µs

    explicit Latencies(const std::vector<Sample>& samples) {
        for (const Sample& s : samples) {
            source.push_back(static_cast<double>(s.from_source_ns) / 1e3);
            publish.push_back(static_cast<double>(s.from_publish_ns) / 1e3);
            copied.push_back(static_cast<double>(s.copied_ns) / 1e3);
            (s.by_memcpy ? by_memcpy : by_peer).push_back(static_cast<double>(s.copying_ns) / 1e3);
        }
    }
};

struct Pooled {
    std::vector<double> source, publish;
};

bool is_slow(const Work& work) {
    return work.size == kUhd &&
           !work.filled;  // without a copy, large frames are no more work than small ones
}

Order order(const Work& work, uint64_t frames, bool recorded) {
    const double hertz = is_slow(work) ? kPaceHertzUhd : kPaceHertz;
    Order o;
    o.frames = frames;
    o.period_ns = static_cast<int64_t>(1e9 / hertz);
    o.recorded = recorded ? 1 : 0;
    return o;
}

void add_latencies(Bench& bench, const std::string& prefix, const Case& c, const Latencies& l,
                   bool copied_out) {
    bench.figures.add(prefix + "source-p50-us", c, median(l.source));
    bench.figures.add(prefix + "publish-p50-us", c, median(l.publish));
    if (!copied_out) return;
    bench.figures.add(prefix + "copied-p50-us", c, median(l.copied));
    if (median(l.by_memcpy) > 0)
        bench.figures.add(prefix + "copying-ratio", c, median(l.by_peer) / median(l.by_memcpy));
}

void turn(Bench& bench, Lane& lane, const std::string& prefix, Pooled& pooled) {
    const Work& work = lane.work();
    const Case c = case_of(lane.peer().name, work);
    const uint64_t frames = is_slow(work) ? bench.extent.frames * 3 / 5 : bench.extent.frames;
    // the others had the caches since its last turn
    lane.settle(lane.run(order(work, 3, false)).newest);
    (void)lane.take_samples();
    const int64_t readers_before = lane.readers_cpu_ns();
    const int64_t daemon_before = lane.daemon_cpu_ns();
    const Account account = lane.run(order(work, frames, true));
    lane.settle(account.newest);
    const auto us_a_frame = [&](int64_t ns) {
        return static_cast<double>(ns) / 1e3 / static_cast<double>(frames);
    };
    const int64_t daemon_ns = lane.daemon_cpu_ns() - daemon_before;
    bench.figures.add(prefix + "writer-cpu-us", c, us_a_frame(account.cpu_ns));
    if (lane.peer().has_daemon) bench.figures.add(prefix + "daemon-cpu-us", c, us_a_frame(daemon_ns));
    bench.figures.add(prefix + "writer-and-daemon-cpu-us", c, us_a_frame(account.cpu_ns + daemon_ns));
    bench.figures.add(prefix + "reader-cpu-us", c,
                      us_a_frame(lane.readers_cpu_ns() - readers_before) / work.readers);
    const Latencies latencies(lane.take_samples());
    const double expected = static_cast<double>(frames * work.readers);
    const double had = static_cast<double>(latencies.source.size());
    bench.figures.add(prefix + "lost-percent", c, 100 * (expected - had) / expected);
    if (had == 0) return;
    add_latencies(bench, prefix, c, latencies, work.copied_out);
    pooled.source.insert(pooled.source.end(), latencies.source.begin(), latencies.source.end());
    pooled.publish.insert(pooled.publish.end(), latencies.publish.begin(), latencies.publish.end());
}

}  // namespace

void measure_paced(Bench& bench, const Work& work) {
    Report::progress("paced: " + words(work) + (work.copied_out ? ", copied out" : ""));
    Round round(bench, work, bench.stock);
    measure_paced(bench, round, bench.extent.repetitions, "");
}

void measure_paced(Bench& bench, Round& round, size_t repetitions, const std::string& prefix) {
    std::map<Case, Pooled> pooled;
    round.by_turns(repetitions, [&](Lane& lane) {
        turn(bench, lane, prefix, pooled[case_of(lane.peer().name, lane.work())]);
    });
    for (const auto& [c, all] : pooled) {
        if (all.source.empty()) continue;
        bench.figures.add(prefix + "source-p99-us", c, percentile(all.source, 0.99));
        bench.figures.add(prefix + "publish-p99-us", c, percentile(all.publish, 0.99));
    }
}

}  // namespace camtap::bench
