// What clients can make the daemon write is limited: a few lines a second, then one line that says how many
// were left out.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

#include "common/clock.h"

namespace camtap {

class LogLimit {
  public:
    void log(spdlog::level::level_enum level, const std::string& line) {
        const int64_t second = monotonic_ns() / kNsPerSecond;
        if (second != second_) {
            if (left_out_ > 0) spdlog::warn("{} more lines about clients were left out", left_out_);
            second_ = second;
            lines_ = left_out_ = 0;
        }
        if (++lines_ > kLinesPerSecond) {
            ++left_out_;
        } else {
            spdlog::log(level, "{}", line);
        }
    }

  private:
    static constexpr uint64_t kLinesPerSecond = 20;
    int64_t second_ = 0;
    uint64_t lines_ = 0;
    uint64_t left_out_ = 0;
};

}  // namespace camtap
