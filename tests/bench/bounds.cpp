#include "bounds.h"

#include <algorithm>

namespace camtap::bench {
namespace {

constexpr const char* kBestPeer = "best peer";

struct Found {
    Case at;
    std::string against;  // the lane; empty: nothing
    Figures::Values values;
};

std::string other_lane(const Bench& bench, const Bound& bound, const std::string& what, const Case& c) {
    if (bound.to != kBestPeer) return bound.to;
    std::vector<std::string> peers;
    for (const Peer& peer : bench.peers.present()) {
        if (peer.kind == Peer::Kind::peer) peers.emplace_back(peer.name);
    }
    return bench.figures.best_lane(what, c, peers, bound.at_least);
}

Found find(const Bench& bench, const Bound& bound, const FrameSize& size, uint32_t readers) {
    Found found;
    found.at = {bound.of, size, readers, bound.placement, bound.filled, bound.copied_out};
    found.values = bench.figures.of(bound.what, found.at);
    if (bound.to.empty() || found.values.empty()) return found;
    Case other = found.at;
    other.size = bound.to_size.value_or(size);
    other.readers = bound.to_readers.value_or(readers);
    const std::string& what = bound.to_what.empty() ? bound.what : bound.to_what;
    other.lane = found.against = other_lane(bench, bound, what, other);
    found.values = Figures::ratios(found.values, bench.figures.of(what, other));
    return found;
}

bool holds(const Bound& bound, const Figures::Values& values, double limit) {
    return bound.at_least ? median(values) >= limit : median(values) <= limit;
}

std::string limit_text(const Bound& bound, double limit) {
    return (bound.at_least ? "≥ " : "≤ ") + rounded(limit);
}

// Of all the work that the bound speaks of, what was measured; the worst first.
std::vector<Found> find_all(const Bench& bench, const Bound& bound) {
    std::vector<Found> all;
    for (const FrameSize& size : bound.sizes) {
        for (const uint32_t readers : bound.readers) {
            Found found = find(bench, bound, size, readers);
            if (!found.values.empty()) all.push_back(std::move(found));
        }
    }
    std::sort(all.begin(), all.end(), [&](const Found& a, const Found& b) {
        return bound.at_least ? median(a.values) < median(b.values) : median(a.values) > median(b.values);
    });
    return all;
}

std::string where(const Found& found) {
    return found.at.size.name() + " × " + std::to_string(found.at.readers) +
           (found.against.empty() ? "" : ", " + found.against);
}

// Whether the bound, or the target, can be measured with the peers that are here.
bool lacks_a_peer(const Bench& bench, const Bound& bound) {
    return bench.peers.is_missing(bound.to) || (bound.to == kBestPeer && !bench.peers.missing().empty());
}

}  // namespace

void print_targets(Bench& bench, const std::vector<Bound>& bounds) {
    Table table("Targets, of medians; the worst case of each first, then how many of its cases meet it",
                {"target", "", "worst case", "where, against whom", "", "cases met"});
    for (const Bound& bound : bounds) {
        if (!bound.target) continue;
        const std::vector<Found> all = find_all(bench, bound);
        if (all.empty()) continue;
        const auto met = std::count_if(all.begin(), all.end(),
                                       [&](const Found& f) { return holds(bound, f.values, *bound.target); });
        table.row({bound.says, limit_text(bound, *bound.target), with_range(all[0].values, 2), where(all[0]),
                   holds(bound, all[0].values, *bound.target) ? "met" : "**missed**",
                   std::to_string(met) + " of " + std::to_string(all.size())});
    }
    bench.report.table(table);
}

bool check_bounds(Bench& bench, const std::vector<Bound>& bounds) {
    bool all_hold = true;
    Table table("Bounds, of the worst case", {"bound", "", "worst case", "where, against whom", ""});
    for (const Bound& bound : bounds) {
        if (!bound.bound) continue;
        const std::vector<Found> all = find_all(bench, bound);
        if (all.empty()) {
            const bool excused = lacks_a_peer(bench, bound);
            all_hold = all_hold && excused;
            table.row({bound.says, limit_text(bound, *bound.bound), "–", "–",
                       excused ? "a peer is missing" : "**not measured**"});
            continue;
        }
        const bool held = holds(bound, all[0].values, *bound.bound);
        all_hold = all_hold && held;
        table.row({bound.says, limit_text(bound, *bound.bound), with_range(all[0].values, 2), where(all[0]),
                   held ? "holds" : "**broken**"});
    }
    bench.report.table(table);
    return all_hold;
}

}  // namespace camtap::bench
