// One program meets with misfortune: what becomes of the others? At 50 frames/s.
#include <signal.h>
#include <unistd.h>

#include <optional>

#include "common/clock.h"
#include "pace.h"
#include "round.h"

namespace camtap::bench {
namespace {

constexpr uint32_t kBadSheet = 16;
constexpr uint32_t kNobody = 65534;  // the user
constexpr int64_t kPeriodNs = kNsPerSecond / 50;
constexpr uint64_t kPeriod = 100;  // frames, over which the others are watched
constexpr uint32_t kForEverMs = 3'600'000;

// Empty: nothing happened to the others.
using Verdict = std::string;
const Verdict kMissing = "the others miss frames";

Order frames(uint64_t count) {
    Order order;
    order.frames = count;
    order.period_ns = kPeriodNs;
    return order;
}

// Publishes, while `mischief` takes place; then tells what the others noticed of it.
Verdict watch(Lane& lane, uint64_t count, const std::function<void()>& mischief = {}) {
    constexpr double kEnough = 0.8;  // as much a busy machine may take by itself
    const uint64_t before = lane.received();
    lane.start(frames(count));
    if (mischief) mischief();
    const int64_t planned = static_cast<int64_t>(count) * kPeriodNs;
    Account account;
    try {
        account = lane.finish(3 * planned);
    } catch (const std::exception&) {
        return "the writer stalls";
    }
    try {
        lane.settle(account.newest);
    } catch (const std::exception&) {
        return "another reader ends";
    }
    if (static_cast<double>(account.elapsed_ns) * kEnough > static_cast<double>(planned))
        return "all go at " +
               rounded(static_cast<double>(count) * 1e9 / static_cast<double>(account.elapsed_ns)) +
               " frames/s";
    const double had = static_cast<double>(lane.received() - before) / lane.work().readers;
    if (had < kEnough * static_cast<double>(count)) return kMissing;
    return {};
}

bool wait_until(const std::function<bool()>& condition, int64_t timeout_ns = 2 * kNsPerSecond) {
    const int64_t give_up = monotonic_ns() + timeout_ns;
    while (!condition()) {
        if (monotonic_ns() > give_up) return false;
        sleep_for(kNsPerMs);
    }
    return true;
}

bool holds(const Lane& lane) {
    return lane.sheet(kBadSheet).holding.load() != 0;
}

// More of them than visitors are allowed for, so that what they hold has to come back.
Verdict killed(Lane& lane) {
    Assignment manner;
    manner.frames_held = 1;
    manner.hold_ms = kForEverMs;
    const auto kill_some = [&] {
        for (int i = 0; i < 4; ++i) {
            Program reader = lane.add_reader(kBadSheet, manner);
            wait_until([&] { return holds(lane); });
            reader.end();
        }
    };
    Verdict verdict = watch(lane, kPeriod, kill_some);
    if (verdict.empty()) verdict = watch(lane, kPeriod);
    if (verdict.empty()) verdict = watch(lane, kPeriod, kill_some);
    return verdict;
}

Verdict stopped(Lane& lane) {
    Assignment manner;
    manner.frames_held = 1;
    manner.hold_ms = 20;
    const Program reader = lane.add_reader(kBadSheet, manner);
    Verdict verdict = watch(lane, 2 * kPeriod, [&] {
        wait_until([&] { return holds(lane); });
        reader.signal(SIGSTOP);
    });
    if (!verdict.empty()) return verdict;
    const uint64_t before = lane.sheet(kBadSheet).received.load();
    verdict = watch(lane, kPeriod, [&] { reader.signal(SIGCONT); });
    if (!verdict.empty()) return verdict;
    if (lane.sheet(kBadSheet).torn.load() > 0) return "its frame is torn";
    if (lane.sheet(kBadSheet).received.load() < before + kPeriod / 4) return "it never gets a frame again";
    return {};
}

Verdict slow(Lane& lane) {
    Assignment manner;
    manner.frames_held = 1;
    manner.hold_ms = 400;
    const Program reader = lane.add_reader(kBadSheet, manner);
    const Verdict verdict = watch(lane, 2 * kPeriod);
    if (!verdict.empty()) return verdict;
    if (lane.sheet(kBadSheet).received.load() == 0) return "it gets no frame";
    return lane.sheet(kBadSheet).torn.load() > 0 ? "its frames are torn" : "";
}

Verdict writer_restarts(Lane& lane) {
    lane.start(frames(kPeriod));
    sleep_for(10 * kPeriodNs + kPeriodNs / 2);  // between two frames, where it spends most of its time
    try {
        lane.kill_and_restart_writer();
    } catch (const std::exception&) {
        return "no new writer can be had";
    }
    const Verdict at_first = watch(lane, kPeriod);  // readers may take a while to go on
    return at_first == kMissing ? watch(lane, kPeriod) : at_first;
}

Verdict of_another_user(Lane& lane) {
    Assignment manner;
    manner.user = kNobody;
    const Program reader = lane.add_reader(kBadSheet, manner);
    const Verdict verdict = watch(lane, kPeriod);
    if (!verdict.empty()) return verdict;
    return lane.sheet(kBadSheet).received.load() > 0 ? "" : "it gets no frame";
}

struct Misfortune {
    const char* words;
    Verdict (*happens)(Lane&);
};
constexpr Misfortune kMisfortunes[] = {{"readers are killed holding a frame", killed},
                                       {"a reader is stopped for 4 s", stopped},
                                       {"a reader holds each frame 400 ms", slow},
                                       {"the writer is killed and started again", writer_restarts},
                                       {"a reader of another user", of_another_user}};

// A new lane each time: what went wrong doesn't come right by itself.
std::string result(Bench& bench, const Peer& peer, const Misfortune& misfortune) {
    if (misfortune.happens == of_another_user && geteuid() != 0) return "– (needs root)";
    Work work;
    work.readers = 2;
    work.visitors = 4;
    work.certified = true;
    try {
        Lane lane(peer, work, bench.stock);
        lane.warm_up();
        const Verdict verdict = misfortune.happens(lane);
        return verdict.empty() ? "pass" : "**fail**: " + verdict;
    } catch (const std::exception& e) {
        bench.note(std::string("not measured (") + misfortune.words + "): " + e.what());
        return "–";
    }
}

}  // namespace

void measure_crashes(Bench& bench) {
    std::vector<std::string> heads{""};
    for (const Misfortune& m : kMisfortunes) heads.emplace_back(m.words);
    Table table("When one program has a misfortune: what becomes of the others (" + kFullHd.name() +
                    " at 50 frames/s, 2 other readers)",
                heads);
    for (const Peer& peer : bench.peers.present()) {
        if (peer.carries_nothing || peer.depth == 1) continue;
        if (peer.kind != Peer::Kind::ours && !bench.extent.crashes_of_all) continue;
        Report::progress(std::string("crashes: ") + peer.name);
        std::vector<std::string> row{peer.name};
        for (const Misfortune& m : kMisfortunes) {
            row.push_back(result(bench, peer, m));
            bench.figures.add(std::string("passes: ") + m.words, {.lane = peer.name, .size = kFullHd},
                              row.back() == "pass" ? 1 : 0);
        }
        table.row(row);
    }
    bench.report.table(table);
}

}  // namespace camtap::bench
