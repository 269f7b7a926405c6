// An experiment in which nothing may go wrong, and everything that matters must happen.
#pragma once

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "experiments.h"

namespace camtap::weak {

inline bool happened(const Report& report, char what) {
    for (const auto& [outcome, executions] : report.outcomes) {
        if (outcome.find(what) != std::string::npos) return true;
    }
    return false;
}

inline void expect_sound(const Experiment& experiment) {
    SCOPED_TRACE(experiment.name());
    const Report report = experiment.explore();
    EXPECT_EQ(report.failure, "") << report.execution;
    std::cout << experiment.name() << ": " << report.executions << " executions\n";
    // What is to be safe does happen: taps wait, and the publisher pokes; frames are read, taps fail to pin,
    // slots are kept for readers, and the publisher asks for late taps.
    std::string wanted = "wp";
    if (const auto* plan = std::get_if<SharingPlan>(&experiment.plan))
        wanted = plan->late_taps == 0 ? "rfk" : "rfka";
    for (const char what : wanted) EXPECT_TRUE(happened(report, what)) << what;
}

}  // namespace camtap::weak
