// What is done to the daemon and its clients, and when: a pure function of the seed, so that a run can be
// played again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace camtap::chaos {

enum class Kind : uint32_t {
    kill_tap,
    stop_tap,
    continue_tap,
    fork_tap,
    kill_publisher,
    stop_publisher,
    continue_publisher,
    resize,
    pace,
    kill_source,
    stop_source,
    continue_sources,
    storm,
    reload_changed,
    reload_broken,
    reload_restored,
    end_daemon,   // SIGTERM
    kill_daemon,  // SIGKILL
    start_daemon,
    stop_daemon,  // SIGSTOP
    continue_daemon,
};
inline constexpr size_t kKinds = static_cast<size_t>(Kind::continue_daemon) + 1;

const char* kind_name(Kind kind);

struct Action {
    int64_t at_ms;  // from the beginning of its round
    Kind kind;
    uint32_t who;    // which tap, source, …; whoever plays it takes it modulo their number
    uint32_t value;  // whatever else the kind needs

    std::string words() const;
    bool operator==(const Action&) const = default;
};

// The actions of one round, in the order of their times. What is stopped is continued, and the daemon is up
// at the end, unless the round ends first.
std::vector<Action> make_round(uint64_t seed, uint64_t round, uint32_t taps);

inline constexpr int64_t kRoundMs = 7000;

// The same numbers on every machine, unlike the standard library's distributions.
class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t next() {  // splitmix64
        uint64_t z = state_ += 0x9e37'79b9'7f4a'7c15;
        z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
        z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
        return z ^ (z >> 31);
    }
    uint32_t below(uint64_t n) { return static_cast<uint32_t>(next() % n); }
    bool one_in(uint64_t n) { return below(n) == 0; }

  private:
    uint64_t state_;
};

}  // namespace camtap::chaos
