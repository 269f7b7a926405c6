#include "statistics.h"

#include <algorithm>
#include <cmath>

namespace camtap::tools {
namespace {

constexpr double kBucketsPerDoubling = 64;

size_t bucket(int64_t ns) {
    return ns < 1 ? 0 : 1 + static_cast<size_t>(std::log2(static_cast<double>(ns)) * kBucketsPerDoubling);
}

int64_t middle(size_t index) {
    if (index == 0) return 0;
    constexpr double kLongest = 9.2e18;  // 292 years; the middle of the last bucket would be beyond int64_t
    return std::llround(
        std::min(kLongest, std::exp2((static_cast<double>(index) - 0.5) / kBucketsPerDoubling)));
}

}  // namespace

void Quantiles::add(int64_t ns) {
    const size_t index = bucket(ns);
    if (index >= buckets_.size()) buckets_.resize(index + 1);
    ++buckets_[index];
    ++count_;
}

int64_t Quantiles::at(double share) const {
    const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
    uint64_t seen = 0;
    for (size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen > 0 && seen >= wanted) return middle(i);
    }
    return 0;
}

void Spread::add(double x) {
    ++count_;
    const double before = x - mean_;
    mean_ += before / static_cast<double>(count_);
    squares_ += before * (x - mean_);
}

double Spread::deviation() const {
    return count_ < 2 ? 0 : std::sqrt(squares_ / static_cast<double>(count_ - 1));
}

}  // namespace camtap::tools
