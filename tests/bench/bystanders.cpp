#include "bystanders.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "common/clock.h"

namespace camtap::bench {
namespace {

// Of all cores, everything but idling and waiting for disks.
int64_t busy_ns() {
    std::ifstream stat("/proc/stat");
    std::string cpu;
    int64_t user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, soft_irq = 0, stolen = 0;
    stat >> cpu >> user >> nice >> system >> idle >> waiting >> irq >> soft_irq >> stolen;
    return (user + nice + system + irq + soft_irq + stolen) * (kNsPerSecond / sysconf(_SC_CLK_TCK));
}

int64_t used_ns(int who) {
    rusage usage{};
    getrusage(who, &usage);
    const auto ns = [](const timeval& t) { return int64_t{t.tv_sec} * kNsPerSecond + t.tv_usec * 1000; };
    return ns(usage.ru_utime) + ns(usage.ru_stime);
}

}  // namespace

Bystanders::Bystanders() : start_(now()) {}

Bystanders::Times Bystanders::now() {
    return {busy_ns(), used_ns(RUSAGE_SELF) + used_ns(RUSAGE_CHILDREN), monotonic_ns()};
}

double Bystanders::percent() const {
    const Times end = now();
    const int64_t theirs = end.busy_ns - start_.busy_ns - (end.ours_ns - start_.ours_ns);
    const int64_t all = (end.at_ns - start_.at_ns) * sysconf(_SC_NPROCESSORS_ONLN);
    return std::max(0.0, 100 * static_cast<double>(theirs) / static_cast<double>(all));
}

}  // namespace camtap::bench
