// Plays the script: does what it says when it says so, replaces who was killed, and at the end of each round
// looks whether everything is as it was at the beginning.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "daemon_under_chaos.h"
#include "processes.h"
#include "script.h"
#include "shared_page.h"
#include "tap_process.h"

namespace camtap::chaos {

struct Plan {
    uint64_t seed = 0;
    uint64_t rounds = 1;
    bool tells_all = false;  // each action as it is played
};

// Owns: the daemon and everybody who has to do with it.
class Conductor {
  public:
    explicit Conductor(const Plan& plan);

    // Throws Failure.
    void play();
    // What was done and seen, for people.
    std::string figures() const;
    // The last things done, and what the daemon said about it.
    std::string last_moments() const;

  private:
    void play_round(uint64_t round);
    void report(uint64_t rounds) const;
    void play_action(const Action& action);
    void play_on_tap(const Action& action, uint32_t tap);
    void play_on_publisher(const Action& action);
    void play_on_source(const Action& action);
    void play_on_daemon(const Action& action);
    void reload(const Settings& settings);
    void start_tap(uint32_t tap);
    void start_publisher();
    void watch();  // throws Failure if anybody has failed

    // A quiet point
    void settle();
    void make_peace();
    void expect_progress();
    void expect_forks_to_have_ended();
    void expect_holdings();
    void expect_every_slot();
    std::string who_stands(const std::vector<uint64_t>& frames) const;
    template <class Condition, class Words>
    void await(Condition condition, Words why_not);

    const Plan plan_;
    SharedMemory shared_;
    Processes processes_;
    DaemonUnderChaos daemon_;
    std::vector<pid_t> taps_;
    pid_t publisher_ = 0;
    std::vector<pid_t> storms_;
    std::vector<UniqueFd> stopped_sources_;  // pidfds: the daemon may have ended them meanwhile
    bool daemon_is_stopped_ = false;
    uint64_t lives_ = 0;  // of taps and publishers, for their seeds

    std::vector<Holdings> baseline_;  // the daemon, the publisher, the taps
    size_t private_kib_first_ = 0;
    size_t private_kib_most_ = 0;
    uint64_t quiet_points_ = 0;
    uint64_t slots_checked_ = 0;
    std::array<uint64_t, kKinds> played_{};
    std::vector<std::string> last_actions_;
};

}  // namespace camtap::chaos
