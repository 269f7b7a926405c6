#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "text.h"

namespace camtap::tools {
namespace {

constexpr size_t kBarWidth = 30;
constexpr size_t kLineWidth = 79;
constexpr std::chrono::milliseconds kRefresh{100};

}  // namespace

std::string progress_bar(uint64_t done, uint64_t total) {
    if (total == 0) return std::to_string(done);
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    const auto filled = static_cast<size_t>(share * kBarWidth);
    std::string percent = std::to_string(static_cast<int>(share * 100));
    percent.insert(0, 3 - std::min<size_t>(3, percent.size()), ' ');
    return "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "] " + percent + " %  " +
           std::to_string(done) + "/" + std::to_string(total);
}

Progress::Progress(uint64_t total) : total_(total), is_seen_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
    if (is_drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::show(uint64_t done, const std::string& words) {
    const auto now = std::chrono::steady_clock::now();
    if (!is_seen_ || now < next_) return;
    next_ = now + kRefresh;
    is_drawn_ = true;
    const std::string line = progress_bar(done, total_) + "  " + printable(words);
    std::fprintf(stderr, "\r%s\x1b[K", cut(line, kLineWidth).c_str());
}

}  // namespace camtap::tools
