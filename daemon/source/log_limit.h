// Keeps a source of rubbish from filling the journal: one line a second, and how many were left out before
// it.
#pragma once

#include <cstdint>
#include <optional>

#include "common/clock.h"

namespace camtap::source {

class LogLimit {
  public:
    // The number of lines left out since the last one that was let through; nothing if this one is to be left
    // out.
    std::optional<uint64_t> pass(int64_t now_ns) {
        if (next_ns_ && now_ns < *next_ns_) {
            ++left_out_;
            return std::nullopt;
        }
        next_ns_ = now_ns + kNsPerSecond;
        const uint64_t n = left_out_;
        left_out_ = 0;
        return n;
    }

  private:
    std::optional<int64_t> next_ns_;
    uint64_t left_out_ = 0;
};

}  // namespace camtap::source
