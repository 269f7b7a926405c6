// Columns of text that line up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace camtap::tools {

enum class Align { left, right };

struct Column {
    std::string title;
    Align align = Align::left;
};

// Holds rows until the width of each column is known. Cells are made printable, so nobody's name can upset a
// terminal.
//
// Invariant: each row has as many cells as there are columns.
class Table {
  public:
    explicit Table(std::vector<Column> columns, size_t indent = 0);
    void add(std::vector<std::string> cells);
    size_t rows() const { return rows_.size(); }

    std::string header() const { return line(titles_); }
    std::string row(size_t index) const { return line(rows_[index]); }
    std::string text() const;  // header and rows, each ended by a newline

  private:
    std::string line(const std::vector<std::string>& cells) const;

    std::vector<Column> columns_;
    std::vector<std::string> titles_;
    std::vector<std::vector<std::string>> rows_;
    std::vector<size_t> widths_;
    size_t indent_;
};

}  // namespace camtap::tools
