// chaos: everything that can happen to camtapd and its clients, at random and all at once, and every promise
// looked at all the while. The same seed plays the same script.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <random>

#include "conductor.h"
#include "roles.h"

namespace camtap::chaos {
namespace {

constexpr double kSecondsARound = 8;  // with its quiet point, roughly

void list(const Plan& plan) {
    for (uint64_t round = 0; round < plan.rounds; ++round) {
        for (const Action& action : make_round(plan.seed, round, kTaps))
            std::printf("round %lu, %s\n", static_cast<unsigned long>(round), action.words().c_str());
    }
}

// Nothing is ended, so that a debugger can look at it.
void stay() {
    std::printf("everything stays as it is until a line comes on the standard input\n");
    std::fflush(stdout);
    for (int c = 0; c != '\n' && c != EOF; c = std::getchar()) {
    }
}

int run(const Plan& plan, bool stays) {
    std::printf("seed %lu, %lu rounds; to play it again: chaos --seed %lu --rounds %lu\n",
                static_cast<unsigned long>(plan.seed), static_cast<unsigned long>(plan.rounds),
                static_cast<unsigned long>(plan.seed), static_cast<unsigned long>(plan.rounds));
    std::fflush(stdout);
    Conductor conductor(plan);
    try {
        conductor.play();
    } catch (const std::exception& e) {
        std::printf("%s%s\nFAILED with seed %lu: %s\n", conductor.last_moments().c_str(),
                    conductor.figures().c_str(), static_cast<unsigned long>(plan.seed), e.what());
        if (stays) stay();
        return EXIT_FAILURE;
    }
    std::printf("%sno promise was broken\n", conductor.figures().c_str());
    return EXIT_SUCCESS;
}

}  // namespace
}  // namespace camtap::chaos

int main(int argc, char** argv) {
    using namespace camtap::chaos;
    CLI::App app{
        "Kills, stops, forks, reconnects, resizes, reloads and restarts, and sees whether camtap keeps its "
        "promises.",
        "chaos"};
    Plan plan;
    plan.seed = std::random_device()();
    double seconds = 45;
    double hours = 0;
    bool only_list = false;
    bool stays = false;
    app.add_option("--seed", plan.seed, "which script; default: a new one");
    app.add_option("--seconds", seconds, "how long, in whole rounds of 8 s")
        ->envname("CAMTAP_CHAOS_SECONDS")
        ->capture_default_str();
    app.add_option("--hours", hours, "instead of --seconds");
    const auto* rounds = app.add_option("--rounds", plan.rounds, "instead of --seconds");
    app.add_flag("--list", only_list, "say what would be done, and do nothing");
    app.add_flag("--verbose", plan.tells_all, "say what is done");
    app.add_flag("--stay", stays, "after a failure, leave everything as it is until Enter is pressed");
    CLI11_PARSE(app, argc, argv);
    if (hours > 0) seconds = hours * 3600;
    if (rounds->count() == 0)
        plan.rounds = std::max<uint64_t>(1, static_cast<uint64_t>(seconds / kSecondsARound));
    if (only_list) return list(plan), EXIT_SUCCESS;
    return run(plan, stays);
}
