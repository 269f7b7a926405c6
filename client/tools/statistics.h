// What a long series of durations looks like, in constant memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace camtap::tools {

// Counts durations in buckets 1 % wide. Units: ns; negative ones count as 0.
class Quantiles {
  public:
    void add(int64_t ns);
    uint64_t count() const { return count_; }
    // The duration that a share of `share` (0 … 1) doesn't exceed, to within 1 %. 0 if there is none.
    int64_t at(double share) const;

  private:
    std::vector<uint64_t> buckets_;
    uint64_t count_ = 0;
};

// Mean and standard deviation, added up stably (Welford).
class Spread {
  public:
    void add(double x);
    uint64_t count() const { return count_; }
    double mean() const { return mean_; }
    double deviation() const;  // 0 with fewer than two

  private:
    uint64_t count_ = 0;
    double mean_ = 0;
    double squares_ = 0;
};

}  // namespace camtap::tools
