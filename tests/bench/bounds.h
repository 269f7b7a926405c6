// The targets and bounds of bounds.toml, held against what was measured.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "measurements.h"

namespace camtap::bench {

struct Bound {
    std::string says;
    std::string what;
    std::string of;
    std::string to;  // empty: the figure itself counts
    std::vector<FrameSize> sizes;
    std::vector<uint32_t> readers;
    Placement placement = Placement::across;
    bool filled = false;
    bool copied_out = false;
    std::string to_what;
    std::optional<uint32_t> to_readers;
    std::optional<FrameSize> to_size;
    bool at_least = false;
    std::optional<double> target;
    std::optional<double> bound;
};

// Throws std::runtime_error that names file and line.
std::vector<Bound> load_bounds(const std::string& path);

// A table of all targets, met or missed.
void print_targets(Bench& bench, const std::vector<Bound>& bounds);
// A table of all bounds that could be measured. False if one doesn't hold, or couldn't be measured although
// all peers that it takes are there.
bool check_bounds(Bench& bench, const std::vector<Bound>& bounds);

}  // namespace camtap::bench
