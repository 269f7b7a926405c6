// Promise: a tap or a publisher may be killed after any instruction, and nobody else notices: the daemon
// lives, an honest tap beside it gets every frame, slots, descriptors, mappings and memory are there again,
// no sequence number comes twice.
//
// CAMTAP_KILL=all kills at every point; CAMTAP_KILL=POINT, as a failure names it, at this one only; otherwise
// a sample is drawn by CAMTAP_KILL_SEED. CAMTAP_KILL_LIST=FILE: the instructions executed and killed at, for
// kill_all to put together.
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>

#include "scene.h"
#include "walk.h"

namespace camtap::test {
namespace {

constexpr size_t kSampledSteps = 60'000;  // of a phase, beside those to its system calls

struct Phase {
    bool tap;
    size_t number;
    bool daemon_slow;  // stopped whenever the victim isn't asleep, so that every answer has to be waited for

    std::string name() const { return tap ? kTapPhases[number] : kPublisherPhases[number]; }
};

void PrintTo(const Phase& phase, std::ostream* out) {
    *out << (phase.tap ? "tap_" : "publisher_") << phase.name() << (phase.daemon_slow ? "_slowly" : "");
}

std::vector<Phase> all_phases() {
    std::vector<Phase> phases;
    for (size_t i = 0; i < std::size(kTapPhases); ++i) phases.push_back({true, i, false});
    for (size_t i = 0; i < std::size(kPublisherPhases); ++i) phases.push_back({false, i, false});
    phases.push_back({true, 0, true});
    for (const size_t i : {0, 1, 4, 6}) phases.push_back({false, i, true});
    return phases;
}

// What the long form is judged by.
struct Account {
    size_t points = 0;
    size_t kills = 0;
    size_t missed = 0;  // points that three victims didn't come to
    size_t failures = 0;
    uint64_t steps = 0;
    std::set<std::pair<std::string_view, uint64_t>> executed, killed_at;  // addresses in camtap's code
};

class Kill : public testing::TestWithParam<Phase> {
  protected:
    Kill() : phase_(GetParam()) { set_scene(); }
    void set_scene() {
        scene_.reset();
        if (phase_.tap) scene_ = std::make_unique<TapScene>();
        if (!phase_.tap) scene_ = std::make_unique<PublisherScene>();
    }

    Trace trace_once();
    Trace trace();
    bool kill_at(const Point& point);
    void kill_at_each(const std::vector<Point>& points);
    void kill_at_what_is_left();
    void note_failure(const std::string& point, const std::exception& error);
    void report(std::chrono::steady_clock::time_point start) const;
    void list(const char* path) const;

    // Brings a victim to the phase and walks it through; then it is dead, and the scene as it should be.
    Walked live(const std::function<bool(const Position&)>& here,
                const std::function<bool(uint32_t)>& asleep);

    const Phase phase_;
    std::unique_ptr<Scene> scene_;
    Account account_;
    std::string last_text() const { return Place::text(last_place_.module, last_place_.offset); }
    Place last_place_{};  // in code of ours
};

Walked Kill::live(const std::function<bool(const Position&)>& here,
                  const std::function<bool(uint32_t)>& asleep) {
    Stepper victim(scene_->victim());
    victim.run_to_marker();
    for (size_t i = 0; i < phase_.number; ++i) {
        scene_->enter(phase_.tap ? kTapPhases[i] : kPublisherPhases[i], false);
        victim.run_to_marker();
    }
    scene_->enter(phase_.name(), true);
    const auto look = [&](const Position& at) {
        if (phase_.daemon_slow) scene_->hold_daemon();
        ++account_.steps;
        if (!at.place.ours) return here(at);
        account_.executed.insert({at.place.module, at.place.offset});
        last_place_ = at.place;
        return here(at);
    };
    const auto fall_asleep = [&](uint32_t call) {
        if (!asleep(call)) return false;
        scene_->let_go();
        scene_->wake(phase_.name());
        return true;
    };
    const Walked walked = walk(victim, look, fall_asleep);
    victim.kill();
    scene_->let_go();
    scene_->check();
    return walked;
}

Trace Kill::trace_once() {
    Trace trace;
    live(
        [&](const Position& at) {
            trace.add(at);
            return true;
        },
        [&](uint32_t call) {
            trace.add_sleep(call);
            return true;
        });
    return trace;
}

// The shortest of three: what a run does only because the clock has moved on, other runs don't come to.
Trace Kill::trace() {
    Trace shortest = trace_once();
    for (int i = 0; i < 2; ++i) {
        Trace another = trace_once();
        if (another.steps() < shortest.steps()) shortest = std::move(another);
    }
    account_.points = shortest.points().size();
    return shortest;
}

bool Kill::kill_at(const Point& point) {
    ++account_.kills;
    const Walked walked = live(
        [&](const Position& at) {
            if (!reached(point, at)) return true;
            if (at.place.ours) account_.killed_at.insert({at.place.module, at.place.offset});
            scene_->go_on_beside();
            return false;
        },
        [&](uint32_t call) { return point.kind != Point::Kind::inside_call || point.n != call; });
    return walked == Walked::to_the_point;
}

// Instructions that only some runs execute, wherever in the phase they come.
void Kill::kill_at_what_is_left() {
    const auto is_new = [this](const Position& at) {
        if (!at.place.ours || !account_.killed_at.insert({at.place.module, at.place.offset}).second)
            return true;
        scene_->go_on_beside();
        return false;
    };
    for (int in_vain = 0; in_vain < 5 && account_.failures == 0;) {
        ++account_.kills;
        try {
            const Walked walked = live(is_new, [](uint32_t) { return true; });
            in_vain = walked == Walked::to_the_point ? 0 : in_vain + 1;
        } catch (const std::exception& error) {
            note_failure(last_text(), error);
        }
    }
}

void Kill::note_failure(const std::string& point, const std::exception& error) {
    ++account_.failures;
    ADD_FAILURE() << testing::PrintToString(phase_) << " killed at " << point << ", " << last_text() << ": "
                  << error.what() << (scene_->daemon_lives() ? "" : "; camtapd is dead");
}

void Kill::kill_at_each(const std::vector<Point>& points) {
    auto told = std::chrono::steady_clock::now();
    for (const Point& point : points) {
        try {
            if (!kill_at(point) && !kill_at(point) && !kill_at(point)) ++account_.missed;
        } catch (const std::exception& error) {
            note_failure(point.text(), error);
            if (account_.failures == 5) break;
            set_scene();
        }
        if (std::chrono::steady_clock::now() - told < std::chrono::seconds(30)) continue;
        told = std::chrono::steady_clock::now();
        std::fprintf(stderr, "%s: %zu kills at %zu points\n", testing::PrintToString(phase_).c_str(),
                     account_.kills, points.size());
    }
}

void Kill::report(std::chrono::steady_clock::time_point start) const {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
    std::printf("| %s | %zu | %zu | %zu of %zu | %zu | %zu | %llu | %lld |\n",
                testing::PrintToString(phase_).c_str(), account_.points, account_.kills,
                account_.killed_at.size(), account_.executed.size(), account_.missed, account_.failures,
                static_cast<unsigned long long>(account_.steps), static_cast<long long>(seconds.count()));
}

void Kill::list(const char* path) const {
    std::ofstream file(path);
    for (const auto& [module, offset] : account_.executed) {
        file << "executed " << Place::text(module, offset) << "\n";
    }
    for (const auto& [module, offset] : account_.killed_at) {
        file << "killed " << Place::text(module, offset) << "\n";
    }
}

std::mt19937 seeded() {
    const char* text = std::getenv("CAMTAP_KILL_SEED");
    const unsigned seed =
        text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 0)) : std::random_device{}();
    std::printf("CAMTAP_KILL_SEED=%u\n", seed);
    return std::mt19937(seed);
}

TEST_P(Kill, NobodyElseNotices) {
#ifndef __x86_64__
    GTEST_SKIP() << "instructions are told apart on x86-64 only";
#endif
    const auto start = std::chrono::steady_clock::now();
    const Trace trace = this->trace();
    const char* wanted = std::getenv("CAMTAP_KILL");
    const bool all = wanted != nullptr && std::string(wanted) == "all";
    const std::optional<Point> point = Point::parse(wanted != nullptr ? wanted : "");
    ASSERT_TRUE(all || point || wanted == nullptr) << "CAMTAP_KILL=" << wanted << " isn't 'all', nor a point";
    std::vector<Point> points = trace.points();
    if (point) points = {*point};
    const size_t affordable = 8 + kSampledSteps / trace.steps();  // many where the way there is short
    if (!all && !point) points = trace.sample(affordable, 4, seeded());
    kill_at_each(points);
    if (all) kill_at_what_is_left();
    report(start);
    if (const char* path = std::getenv("CAMTAP_KILL_LIST")) list(path);
    // On a machine with much else to do waits run out, and then the code goes other ways
    EXPECT_LE(account_.missed, 2 + points.size() / 10) << "runs differ too much";
}

INSTANTIATE_TEST_SUITE_P(AtEveryInstruction, Kill, testing::ValuesIn(all_phases()),
                         [](const auto& about) { return testing::PrintToString(about.param); });

}  // namespace
}  // namespace camtap::test
