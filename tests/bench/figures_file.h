// Every figure, for programs (CSV) and for people (Markdown).
#pragma once

#include <string>

#include "measurements.h"

namespace camtap::bench {

void write_csv(const Bench& bench, const std::string& path);
// With spread, and ratios to the floor and to the best peer.
void write_markdown(const Bench& bench, const std::string& path);

}  // namespace camtap::bench
