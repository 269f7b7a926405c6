#include "table.h"

#include <algorithm>
#include <utility>

#include "text.h"

namespace camtap::tools {

Table::Table(std::vector<Column> columns, size_t indent) : columns_(std::move(columns)), indent_(indent) {
    for (const Column& column : columns_) {
        titles_.push_back(column.title);
        widths_.push_back(display_width(column.title));
    }
}

void Table::add(std::vector<std::string> cells) {
    cells.resize(columns_.size());
    for (size_t i = 0; i < cells.size(); ++i) {
        cells[i] = printable(cells[i]);
        widths_[i] = std::max(widths_[i], display_width(cells[i]));
    }
    rows_.push_back(std::move(cells));
}

std::string Table::line(const std::vector<std::string>& cells) const {
    std::string out(indent_, ' ');
    for (size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) out += "  ";
        const std::string padding(widths_[i] - display_width(cells[i]), ' ');
        out += columns_[i].align == Align::right ? padding + cells[i] : cells[i] + padding;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
}

std::string Table::text() const {
    std::string out = header() + "\n";
    for (size_t i = 0; i < rows(); ++i) out += row(i) + "\n";
    return out;
}

}  // namespace camtap::tools
