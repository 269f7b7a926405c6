// The long form of pins_weak_test: larger rings, and a table of what was explored and how each broken variant
// was noticed. Ends with 1 if something went wrong that shouldn't have, or didn't that should.
#include <chrono>
#include <cstdio>

#include "experiments.h"

namespace camtap::weak {
namespace {

double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

bool explore_all(std::set<Site>& sites) {
    uint64_t executions = 0;
    uint64_t events = 0;
    bool sound = true;
    std::printf("| explored | executions | events | CPU s | result |\n|---|---:|---:|---:|---|\n");
    std::vector<Experiment> experiments = small_experiments();
    for (const Experiment& experiment : larger_experiments()) experiments.push_back(experiment);
    for (const Experiment& experiment : largest_experiments()) experiments.push_back(experiment);
    for (const Experiment& experiment : experiments) {
        const double start = cpu_seconds();
        const Report report = experiment.explore();
        std::printf("| %s | %llu | %llu | %.1f | %s |\n%s", experiment.name().c_str(),
                    static_cast<unsigned long long>(report.executions),
                    static_cast<unsigned long long>(report.events), cpu_seconds() - start,
                    report.failure.empty() ? "no error" : report.failure.c_str(), report.execution.c_str());
        std::fflush(stdout);
        executions += report.executions;
        events += report.events;
        sites.insert(report.sites.begin(), report.sites.end());
        sound = sound && report.failure.empty();
    }
    std::printf("| **in all** | %llu | %llu | %.1f | |\n\n", static_cast<unsigned long long>(executions),
                static_cast<unsigned long long>(events), cpu_seconds());
    return sound;
}

bool show(const std::string& broken, const std::optional<Finding>& found) {
    if (!found) {
        std::printf("| %s | **not noticed** | | |\n", broken.c_str());
        return false;
    }
    std::printf("| %s | %s | %s | %llu |\n", broken.c_str(),
                found->failure.substr(0, found->failure.find('\n')).c_str(), found->experiment.c_str(),
                static_cast<unsigned long long>(found->executions));
    return true;
}

bool break_everything(const std::set<Site>& sites) {
    bool all_noticed = true;
    std::printf("| broken | noticed as | in | after sound executions |\n|---|---|---|---:|\n");
    for (const Site& site : operations_of_pins(sites)) {
        for (const auto& [order_name, order] : weaker_orders(site)) {
            all_noticed &= show(name(site) + ", " + order_name, find_error(Weakening{site, order}));
        }
    }
    for (const NamedFault& fault : faults()) all_noticed &= show(fault.name, find_error(fault));
    return all_noticed;
}

}  // namespace
}  // namespace camtap::weak

int main() {
    std::set<camtap::weak::Site> sites;
    const bool sound = camtap::weak::explore_all(sites);
    const bool all_noticed = camtap::weak::break_everything(sites);
    return sound && all_noticed ? 0 : 1;
}
