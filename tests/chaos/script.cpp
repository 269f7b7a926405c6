#include "script.h"

#include <algorithm>
#include <iterator>

namespace camtap::chaos {
namespace {

constexpr const char* kNames[] = {
    "kill a tap",         "stop a tap",         "continue a tap",         "fork a tap",
    "kill the publisher", "stop the publisher", "continue the publisher", "change frame sizes",
    "change the pace",    "kill a source",      "stop a source",          "continue sources",
    "connection storm",   "reload, changed",    "reload, broken",         "reload, restored",
    "end the daemon",     "kill the daemon",    "start the daemon",       "stop the daemon",
    "continue the daemon"};
static_assert(std::size(kNames) == kKinds);

struct Weight {
    Kind kind;
    uint32_t weight;
};
constexpr Weight kWeights[] = {
    {Kind::kill_tap, 20},       {Kind::stop_tap, 16},  {Kind::fork_tap, 12},      {Kind::kill_publisher, 3},
    {Kind::stop_publisher, 4},  {Kind::resize, 10},    {Kind::pace, 6},           {Kind::kill_source, 5},
    {Kind::stop_source, 4},     {Kind::storm, 7},      {Kind::reload_changed, 4}, {Kind::reload_broken, 3},
    {Kind::reload_restored, 3}, {Kind::end_daemon, 2}, {Kind::kill_daemon, 3},    {Kind::stop_daemon, 3}};

Kind draw(Random& random) {
    uint32_t all = 0;
    for (const Weight& w : kWeights) all += w.weight;
    uint32_t left = random.below(all);
    for (const Weight& w : kWeights) {
        if (left < w.weight) return w.kind;
        left -= w.weight;
    }
    return Kind::kill_tap;
}

class Round {
  public:
    Round(uint64_t seed, uint64_t round, uint32_t taps)
        : random_(seed * 0x1'0000'01b3 + round), taps_(taps), daemon_may_end_(!random_.one_in(3)) {}

    std::vector<Action> made() {
        for (int64_t at = 50; at < kRoundMs; at += 10 + random_.below(100)) add(at, draw(random_));
        std::stable_sort(actions_.begin(), actions_.end(),
                         [](const Action& a, const Action& b) { return a.at_ms < b.at_ms; });
        return std::move(actions_);
    }

  private:
    void add(int64_t at, Kind kind) {
        const uint32_t who = random_.below(taps_);
        const auto value = static_cast<uint32_t>(random_.next());
        switch (kind) {
            case Kind::stop_tap:
                return for_a_while(at, kind, Kind::continue_tap, who, 5 + value % 900);
            case Kind::stop_publisher:
                return for_a_while(at, kind, Kind::continue_publisher, who, 5 + value % 600);
            case Kind::stop_source:  // longer than stall_timeout at times
                return for_a_while(at, kind, Kind::continue_sources, who, 5 + value % 3500);
            case Kind::end_daemon:
            case Kind::kill_daemon:
                if (daemon_may_end_) without_daemon(at, kind, Kind::start_daemon, 10 + value % 500);
                return;
            case Kind::stop_daemon:
                return without_daemon(at, kind, Kind::continue_daemon, 5 + value % 400);
            default:
                actions_.push_back({at, kind, who, value});
        }
    }

    void for_a_while(int64_t at, Kind begin, Kind end, uint32_t who, uint32_t ms) {
        actions_.push_back({at, begin, who, ms});
        if (at + ms < kRoundMs) actions_.push_back({at + ms, end, who, 0});
    }

    // One at a time.
    void without_daemon(int64_t at, Kind begin, Kind end, uint32_t ms) {
        if (at <= daemon_back_ms_) return;
        daemon_back_ms_ = at + ms;
        for_a_while(at, begin, end, random_.below(2), ms);
    }

    Random random_;
    const uint32_t taps_;
    const bool daemon_may_end_;  // else what it leaks adds up over rounds
    int64_t daemon_back_ms_ = 0;
    std::vector<Action> actions_;
};

}  // namespace

const char* kind_name(Kind kind) {
    return kNames[static_cast<size_t>(kind)];
}

std::string Action::words() const {
    return std::to_string(at_ms) + " ms " + kind_name(kind) + " (" + std::to_string(who) + ", " +
           std::to_string(value) + ")";
}

std::vector<Action> make_round(uint64_t seed, uint64_t round, uint32_t taps) {
    return Round(seed, round, taps).made();
}

}  // namespace camtap::chaos
