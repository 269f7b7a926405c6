// How figures of many lanes, sizes and readers are shown.
#include <algorithm>

#include "measurements.h"

namespace camtap::bench {
namespace {

struct Column {
    FrameSize size;
    uint32_t readers;
};

Case at(const Peer& peer, const Work& work, const Column& column) {
    Case c = case_of(peer.name, work);
    c.size = column.size;
    c.readers = column.readers;
    return c;
}

bool anybody(const Bench& bench, const std::string& what, const Work& work, const Column& column) {
    const auto& peers = bench.peers.present();
    return std::any_of(peers.begin(), peers.end(), [&](const Peer& peer) {
        return !bench.figures.of(what, at(peer, work, column)).empty();
    });
}

}  // namespace

void print_matrix(Bench& bench, const std::string& title, const std::string& what, const Work& work,
                  const std::vector<uint32_t>& readers) {
    std::vector<Column> columns;
    std::vector<std::string> heads{""};
    for (const FrameSize& size : bench.extent.sizes) {
        for (const uint32_t r : readers) {
            if (!anybody(bench, what, work, {size, r})) continue;
            columns.push_back({size, r});
            heads.push_back(size.name() + " × " + std::to_string(r));
        }
    }
    Table table(title, heads);
    for (const Peer& peer : bench.peers.present()) {
        std::vector<std::string> row{peer.name};
        bool measured = false;
        for (const Column& column : columns) {
            const Figures::Values& values = bench.figures.of(what, at(peer, work, column));
            measured = measured || !values.empty();
            row.push_back(values.empty() ? "–" : rounded(median(values)));
        }
        if (measured) table.row(row);
    }
    bench.report.table(table);
}

}  // namespace camtap::bench
