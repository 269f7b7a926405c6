// What is said of many measurements: medians with their spread, in Markdown tables.
#pragma once

#include <string>
#include <vector>

namespace camtap::bench {

// The value below which `part` (0 … 1) of them lie; 0 if there are none.
double percentile(std::vector<double> values, double part);
double median(const std::vector<double>& values);

std::string fixed(double value, int decimals);
// "1.12 (1.05–1.31)": median and range of the repetitions.
std::string with_range(const std::vector<double>& values, int decimals);
// "met" or "missed", of the median.
std::string verdict(const std::vector<double>& values, double bound);

class Table {
  public:
    Table(std::string title, std::vector<std::string> columns);
    void row(std::vector<std::string> cells);
    // To stdout.
    void print() const;

  private:
    std::string title_;
    std::vector<std::vector<std::string>> rows_;  // the first one names the columns
};

}  // namespace camtap::bench
