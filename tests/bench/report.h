// What is said of many measurements: medians with their spread, in Markdown, on stdout and in a file.
#pragma once

#include <fstream>
#include <string>
#include <vector>

namespace camtap::bench {

// The value below which `part` (0 … 1) of them lie; 0 if there are none.
double percentile(std::vector<double> values, double part);
double median(const std::vector<double>& values);

std::string fixed(double value, int decimals);
// With as many decimals as its size deserves: "0.31", "12.4", "1530".
std::string rounded(double value);
// "1.12 (1.05–1.31)": median and range of the repetitions.
std::string with_range(const std::vector<double>& values, int decimals);
// "met" or "missed", of the median.
std::string verdict(const std::vector<double>& values, double bound);

class Table {
  public:
    Table(std::string title, std::vector<std::string> columns);
    void row(std::vector<std::string> cells);
    std::string text() const;

  private:
    std::string title_;
    std::vector<std::vector<std::string>> rows_;  // the first one names the columns
};

class Report {
  public:
    explicit Report(const std::string& path) : file_(path) {}
    void say(const std::string& text);
    void table(const Table& table) { say(table.text()); }
    // What is going on, to stderr alone.
    static void progress(const std::string& text);

  private:
    std::ofstream file_;
};

}  // namespace camtap::bench
