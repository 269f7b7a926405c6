#include "cores.h"

#include <sched.h>
#include <time.h>

#include <stdexcept>

#include "report.h"

namespace camtap::bench {

static int64_t read_clock(clockid_t clock) {
    timespec t{};
    if (clock_gettime(clock, &t) != 0) throw std::runtime_error("a process died while it was measured");
    return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

const char* name(Placement placement) {
    switch (placement) {
        case Placement::across:
            return "readers on another core";
        case Placement::together:
            return "all on one core";
        case Placement::free:
            return "not pinned";
    }
    return "";
}

Cores::Cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &set)) all_.push_back(cpu);
    }
}

void Cores::place(pid_t pid, Placement placement, size_t seat) const {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (placement == Placement::free) {
        for (const int cpu : all_) CPU_SET(cpu, &set);
    } else {
        const bool first = seat == 0 || placement == Placement::together || all_.size() < 2;
        CPU_SET(first ? all_[0] : all_[1 + (seat - 1) % (all_.size() - 1)], &set);
    }
    sched_setaffinity(pid, sizeof set, &set);
}

int64_t cpu_ns_of(pid_t pid) {
    clockid_t clock;
    if (clock_getcpuclockid(pid, &clock) != 0)
        throw std::runtime_error("a process died while it was measured");
    return read_clock(clock);
}

int64_t thread_cpu_ns() {
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

int64_t thread_cpu_overhead_ns() {
    std::vector<double> pairs;
    for (int i = 0; i < 1000; ++i) {
        const int64_t before = thread_cpu_ns();
        pairs.push_back(static_cast<double>(thread_cpu_ns() - before));
    }
    return static_cast<int64_t>(median(pairs));
}

}  // namespace camtap::bench
