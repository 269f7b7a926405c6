// Promise: the same seed plays the same script, and in the long run everything that can be done is done.
#include "script.h"

#include <gtest/gtest.h>

#include <map>

#include "roles.h"

namespace camtap::chaos {
namespace {

TEST(Script, IsAPureFunctionOfTheSeed) {
    for (uint64_t round = 0; round < 10; ++round) {
        EXPECT_EQ(make_round(7, round, kTaps), make_round(7, round, kTaps));
        EXPECT_NE(make_round(7, round, kTaps), make_round(8, round, kTaps));
        EXPECT_NE(make_round(7, round, kTaps), make_round(7, round + 1, kTaps));
    }
}

TEST(Script, IsTheSameOnEveryMachine) {
    const std::vector<Action> round = make_round(8, 0, kTaps);
    EXPECT_EQ(round.size(), 148u);
    EXPECT_EQ(round.front().words(), "50 ms fork a tap (1, 3892699458)");
    EXPECT_EQ(round.back().words(), "6991 ms stop a tap (10, 310)");
}

TEST(Script, GoesInTheOrderOfTime) {
    for (uint64_t n = 0; n < 20; ++n) {
        int64_t last = 0;
        for (const Action& action : make_round(1, n, kTaps)) {
            EXPECT_GE(action.at_ms, last);
            EXPECT_LT(action.at_ms, kRoundMs);
            EXPECT_LT(action.who, kTaps);
            last = action.at_ms;
        }
    }
}

TEST(Script, LeavesNothingOut) {
    std::map<Kind, int> played;
    for (uint64_t n = 0; n < 20; ++n) {
        for (const Action& action : make_round(1, n, kTaps)) ++played[action.kind];
    }
    for (size_t kind = 0; kind < kKinds; ++kind)
        EXPECT_GE(played[static_cast<Kind>(kind)], 5) << kind_name(static_cast<Kind>(kind));
}

// Whoever is told to start a daemon finds none there, and nothing is told to one that is away.
TEST(Script, KnowsWhetherTheDaemonIsThere) {
    for (uint64_t n = 0; n < 200; ++n) {
        enum { up, stopped, down } daemon = up;
        for (const Action& action : make_round(3, n, kTaps)) {
            switch (action.kind) {
                case Kind::end_daemon:
                case Kind::kill_daemon:
                    EXPECT_EQ(daemon, up);
                    daemon = down;
                    break;
                case Kind::stop_daemon:
                    EXPECT_EQ(daemon, up);
                    daemon = stopped;
                    break;
                case Kind::start_daemon:
                    EXPECT_EQ(daemon, down);
                    daemon = up;
                    break;
                case Kind::continue_daemon:
                    EXPECT_EQ(daemon, stopped);
                    daemon = up;
                    break;
                default:
                    break;
            }
        }
    }
}

}  // namespace
}  // namespace camtap::chaos
