#include "pace.h"

#include <time.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>

#include "common/clock.h"

namespace camtap::bench {
namespace {

constexpr int64_t kGuardNs = 20 * kNsPerSecond;

bool everybody_has_it(std::span<Lane* const> lanes) {
    return std::all_of(lanes.begin(), lanes.end(), [](const Lane* l) { return l->everybody_has_it(); });
}

void wait_for_readers(std::span<Lane* const> lanes) {
    const int64_t give_up = monotonic_ns() + kGuardNs;
    Pace pace(kNsPerMs);
    while (!everybody_has_it(lanes)) {
        if (monotonic_ns() > give_up) throw std::runtime_error("a reader got no frame for 20 seconds");
        pace.wait();
    }
}

}  // namespace

Pace::Pace(int64_t period_ns) : period_ns_(period_ns), next_ns_(monotonic_ns() + period_ns) {}

void Pace::wait() {
    const timespec at = to_timespec(next_ns_);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
    }
    next_ns_ = std::max(next_ns_ + period_ns_, monotonic_ns());
}

void warm_up(std::span<Lane* const> lanes) {
    constexpr int kFrames = 20;  // until every slot has been used, and every cache and branch
    Pace pace(2 * kNsPerMs);
    for (int i = 0; i < kFrames; ++i) {
        for (Lane* lane : lanes) lane->publish(false);
        pace.wait();
    }
    wait_for_readers(lanes);
}

std::vector<int64_t> publish_by_turns(std::span<Lane* const> lanes, size_t frames, double hertz) {
    std::vector<int64_t> cpu_ns(lanes.size(), 0);
    std::vector<size_t> order(lanes.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::mt19937 random(1);
    Pace pace(static_cast<int64_t>(1e9 / hertz / static_cast<double>(lanes.size())));
    for (size_t i = 0; i < frames; ++i) {
        std::shuffle(order.begin(), order.end(), random);
        for (const size_t lane : order) {
            pace.wait();
            const int64_t before = thread_cpu_ns();
            lanes[lane]->publish(true);
            cpu_ns[lane] += thread_cpu_ns() - before;
        }
    }
    wait_for_readers(lanes);
    const int64_t overhead = thread_cpu_overhead_ns() * static_cast<int64_t>(frames);
    for (int64_t& ns : cpu_ns) ns = std::max<int64_t>(0, ns - overhead);
    return cpu_ns;
}

}  // namespace camtap::bench
