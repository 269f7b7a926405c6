#include "figures.h"

#include <algorithm>

#include "report.h"

namespace camtap::bench {

const Figures::Values& Figures::of(const std::string& what, const Case& c) const {
    static const Values none;
    const auto found = all_.find({what, c});
    return found == all_.end() ? none : found->second;
}

std::string Figures::best_lane(const std::string& what, Case c, const std::vector<std::string>& lanes,
                               bool more_is_better) const {
    std::string best;
    double best_value = 0;
    for (const std::string& lane : lanes) {
        c.lane = lane;
        const Values& values = of(what, c);
        if (values.empty()) continue;
        const double value = median(values);
        if (best.empty() || (more_is_better ? value > best_value : value < best_value)) {
            best = lane;
            best_value = value;
        }
    }
    return best;
}

Figures::Values Figures::ratios(const Values& of, const Values& to) {
    Values result;
    const double all = to.empty() ? 0 : median(to);
    for (size_t i = 0; i < of.size(); ++i) {
        const double other = of.size() == to.size() ? to[i] : all;
        if (other > 0) result.push_back(of[i] / other);
    }
    return result;
}

}  // namespace camtap::bench
