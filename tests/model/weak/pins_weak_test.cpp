// Promise: pins.h keeps its word under C++20's memory model, so on AArch64 too, and every memory order in it
// is needed. The functions themselves are run, on the explorer's atomics; then once more for each operation
// and each weaker order that it could have had, and each of these must go wrong.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>

#include "experiments.h"
#include "soundness.h"

namespace camtap::weak {
namespace {

std::set<Site> operations() {
    std::set<Site> sites;
    for (const Experiment& experiment : small_experiments()) {
        const std::set<Site> found = operations_of_pins(experiment.explore().sites);
        sites.insert(found.begin(), found.end());
    }
    return sites;
}

TEST(PinsUnderCpp20, NothingGoesWrong) {
    for (const Experiment& experiment : small_experiments()) expect_sound(experiment);
}

TEST(PinsUnderCpp20, EveryOperationOfTheHeaderIsRun) {
    std::set<unsigned> run;
    for (const Site& site : operations()) run.insert(site.line);
    std::set<unsigned> written;
    std::ifstream header(PINS_HEADER);
    std::string line;
    for (unsigned number = 1; std::getline(header, line); ++number) {
        if (line.find("std::memory_order_") != std::string::npos) written.insert(number);
    }
    EXPECT_FALSE(written.empty());
    EXPECT_EQ(run, written);
}

TEST(PinsUnderCpp20, EveryWeakerOrderGoesWrong) {
    size_t weakened = 0;
    for (const Site& site : operations()) {
        for (const auto& [order_name, order] : weaker_orders(site)) {
            const std::optional<Finding> found = find_error(Weakening{site, order});
            EXPECT_TRUE(found) << name(site) << ", " << order_name << ": nothing went wrong";
            ++weakened;
            if (!found) continue;
            std::cout << name(site) << ", " << order_name << ": "
                      << found->failure.substr(0, found->failure.find('\n')) << " (" << found->experiment
                      << ")\n";
        }
    }
    EXPECT_GE(weakened, 24u);
}

TEST(PinsUnderCpp20, EveryFaultOfProcedureGoesWrong) {
    for (const NamedFault& fault : faults()) {
        const std::optional<Finding> found = find_error(fault);
        EXPECT_TRUE(found) << fault.name << ": nothing went wrong";
        if (!found) continue;
        std::cout << fault.name << ": " << found->failure.substr(0, found->failure.find('\n')) << " ("
                  << found->experiment << ")\n";
    }
}

// The search by itself is looked at in search_test.cpp; here with the ring, channels and payloads.
TEST(PinsUnderCpp20, AllInterleavingsShowTheSameExecutions) {
    SharingPlan early;
    early.looks = 1;
    SharingPlan late;
    late.taps = late.late_taps = 2;
    late.looks = 1;
    late.frames = 3;
    SharingPlan leaving;
    leaving.taps = 2;
    leaving.late_taps = 1;
    leaving.looks = 1;
    leaving.leaver = leaving.hurried = true;
    for (const SharingPlan& plan : {early, late, leaving}) {
        Explorer explorer;
        Sharing sharing(explorer, plan);
        const Report each_once = explorer.explore();
        const Report all = explorer.explore_all_interleavings();
        EXPECT_GT(all.executions, 20u);
        EXPECT_EQ(each_once.executions, all.executions);
        EXPECT_EQ(each_once.outcomes, all.outcomes);
    }
}

}  // namespace
}  // namespace camtap::weak
