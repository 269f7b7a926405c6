// Everything that was measured, so that tables, targets, bounds and the plot speak of the same numbers.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "work.h"

namespace camtap::bench {

struct Case {
    std::string lane;  // Peer::name
    FrameSize size;
    uint32_t readers = 0;
    Placement placement = Placement::free;
    bool filled = false;
    bool copied_out = false;

    auto operator<=>(const Case&) const = default;
};
inline Case case_of(std::string_view lane, const Work& work) {
    return {std::string(lane), work.size, work.readers, work.placement, work.filled, work.copied_out};
}

class Figures {
  public:
    using Values = std::vector<double>;  // one for each repetition

    // `what` is a word for it with its unit, as "publish-p50-us".
    void add(const std::string& what, const Case& c, double value) { all_[{what, c}].push_back(value); }
    // Empty if it wasn't measured.
    const Values& of(const std::string& what, const Case& c) const;
    // Of several lanes under one work, the lane whose median is the best; empty if none was measured.
    std::string best_lane(const std::string& what, Case c, const std::vector<std::string>& lanes,
                          bool more_is_better) const;
    // Of repetitions that stood side by side.
    static Values ratios(const Values& of, const Values& to);

    struct Key {
        std::string what;
        Case at;
        auto operator<=>(const Key&) const = default;
    };
    const std::map<Key, Values>& all() const { return all_; }

  private:
    std::map<Key, Values> all_;
};

}  // namespace camtap::bench
