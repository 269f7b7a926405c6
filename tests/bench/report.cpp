#include "report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace camtap::bench {

double percentile(std::vector<double> values, double part) {
    if (values.empty()) return 0;
    const auto rank = static_cast<size_t>(std::floor(part * static_cast<double>(values.size() - 1) + 0.5));
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(values.begin(), nth, values.end());
    return *nth;
}

double median(const std::vector<double>& values) {
    return percentile(values, 0.5);
}

std::string fixed(double value, int decimals) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

std::string rounded(double value) {
    const double size = std::abs(value);
    return fixed(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4);
}

std::string with_range(const std::vector<double>& values, int decimals) {
    if (values.empty()) return "–";
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    return fixed(median(values), decimals) + " (" + fixed(*least, decimals) + "–" + fixed(*most, decimals) +
           ")";
}

std::string verdict(const std::vector<double>& values, double bound) {
    return median(values) <= bound ? "met" : "missed";
}

Table::Table(std::string title, std::vector<std::string> columns) : title_(std::move(title)) {
    rows_.push_back(std::move(columns));
}

void Table::row(std::vector<std::string> cells) {
    rows_.push_back(std::move(cells));
}

// Bytes that go on with a character of UTF-8 take no room.
static size_t width(const std::string& cell) {
    return static_cast<size_t>(
        std::count_if(cell.begin(), cell.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string Table::text() const {
    std::vector<size_t> widths(rows_.front().size(), 3);
    for (const auto& row : rows_) {
        for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    }
    std::string text = "\n#### " + title_ + "\n\n";
    for (size_t r = 0; r < rows_.size(); ++r) {
        for (size_t i = 0; i < rows_[r].size(); ++i) {
            const std::string& cell = rows_[r][i];
            text += "| " + cell + std::string(widths[i] - width(cell), ' ') + " ";
        }
        text += "|\n";
        if (r > 0) continue;
        for (const size_t w : widths) text += "|" + std::string(w + 2, '-');
        text += "|\n";
    }
    return text;
}

void Report::say(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    file_ << text << std::flush;
}

void Report::progress(const std::string& text) {
    std::fprintf(stderr, "%s\n", text.c_str());
}

}  // namespace camtap::bench
