// What others can make the daemon write is limited: for each of them a few lines a second, then one line that
// says how many were left out.
#pragma once

#include <map>
#include <string>

#include "common/clock.h"
#include "daemon/event_log.h"

namespace camtap {

class LogLimit {
  public:
    void log(spdlog::level::level_enum level, const EventKind* kind, std::string_view stream,
             const std::string& line) {
        const int64_t second = monotonic_ns() / kNsPerSecond;
        if (second != second_) {
            if (left_out_ > 0) spdlog::warn("{} more lines of this kind were left out", left_out_);
            second_ = second;
            lines_ = left_out_ = 0;
        }
        if (++lines_ > kLinesPerSecond) {
            ++left_out_;
        } else {
            log_event(level, kind, stream, line);
        }
    }
    bool idle() const { return left_out_ == 0 && monotonic_ns() / kNsPerSecond != second_; }

  private:
    static constexpr uint64_t kLinesPerSecond = 20;
    int64_t second_ = 0;
    uint64_t lines_ = 0;
    uint64_t left_out_ = 0;
};

// One limit for each user, so that one who floods doesn't hide what is said of the others.
class ClientLog {
  public:
    LogLimit& of(uid_t user) {
        if (limits_.size() >= kMostUsers)
            std::erase_if(limits_, [](const auto& l) { return l.second.idle(); });
        // still as many: those who came last share one
        return limits_[limits_.size() >= kMostUsers && limits_.count(user) == 0 ? kRest : user];
    }

  private:
    static constexpr size_t kMostUsers = 64;
    static constexpr uid_t kRest = static_cast<uid_t>(-1);
    std::map<uid_t, LogLimit> limits_;
};

}  // namespace camtap
