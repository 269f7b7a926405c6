// Every figure, for programs (CSV) and for people (Markdown).
#include "figures_file.h"

#include <fstream>

namespace camtap::bench {
namespace {

std::vector<std::string> names_of(const Bench& bench, Peer::Kind kind) {
    std::vector<std::string> names;
    for (const Peer& peer : bench.peers.present()) {
        if (peer.kind == kind && !peer.carries_nothing) names.emplace_back(peer.name);
    }
    return names;
}

// Of frames a second, and of nothing else.
bool more_is_better(const std::string& what) {
    return what.ends_with("-hz");
}

std::string ratio(const Bench& bench, const Figures::Key& key, const Figures::Values& values, Peer::Kind to) {
    const std::string best =
        bench.figures.best_lane(key.what, key.at, names_of(bench, to), more_is_better(key.what));
    if (best.empty()) return "–";
    Case other = key.at;
    other.lane = best;
    const Figures::Values ratios = Figures::ratios(values, bench.figures.of(key.what, other));
    return ratios.empty() ? "–" : with_range(ratios, 2);
}

std::string path_of(const Case& c) {
    return std::string(c.filled ? "filled" : "copied") + (c.copied_out ? ", copied out" : "");
}

}  // namespace

void write_csv(const Bench& bench, const std::string& path) {
    std::ofstream file(path);
    file << "what,lane,width,height,readers,cores,path,median,smallest,largest\n";
    for (const auto& [key, values] : bench.figures.all()) {
        file << '"' << key.what << "\",\"" << key.at.lane << "\"," << key.at.size.width << ','
             << key.at.size.height << ',' << key.at.readers << ",\"" << name(key.at.placement) << "\",\""
             << path_of(key.at) << "\"," << median(values) << ',' << percentile(values, 0) << ','
             << percentile(values, 1) << '\n';
    }
}

void write_markdown(const Bench& bench, const std::string& path) {
    Table table(
        "Every figure, with its ratio to the best floor and to the best peer",
        {"what", "size", "readers", "cores", "path", "lane", "median (range)", "× floor", "× best peer"});
    for (const auto& [key, values] : bench.figures.all()) {
        const Case& c = key.at;
        if (bench.peers.find(c.lane) == nullptr) continue;
        table.row({key.what, c.size.name(), std::to_string(c.readers), name(c.placement), path_of(c), c.lane,
                   with_range(values, 2), ratio(bench, key, values, Peer::Kind::floor),
                   ratio(bench, key, values, Peer::Kind::peer)});
    }
    std::ofstream(path) << table.text();
}

}  // namespace camtap::bench
