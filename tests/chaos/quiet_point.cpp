// The conductor's quiet points: when nothing is done to anybody, everything must be as it was at the
// beginning.
#include <poll.h>
#include <signal.h>

#include <camtap/camtap.hpp>

#include "conductor.h"

namespace camtap::chaos {
namespace {

constexpr uint64_t kUsualBytes = 16 << 10;
constexpr uint64_t kFramesOfProgress = 5;
// What the allocator may keep, and what is remembered of streams and closed generations, which is bounded.
constexpr size_t kPrivateKibAllowed = 16 << 10;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kKeepsFreedMemory = true;
#else
constexpr bool kKeepsFreedMemory = false;
#endif

}  // namespace

// Waits for `condition`, and meanwhile for anybody's failure.
template <class Condition, class Words>
void Conductor::await(Condition condition, Words why_not) {
    const bool came = comes_true([&] {
        watch();
        return condition();
    });
    if (!came) throw Failure(why_not());
}

void Conductor::settle() {
    make_peace();
    expect_progress();
    expect_forks_to_have_ended();
    expect_holdings();
    expect_every_slot();
    shared_->calm = 0;
    ++quiet_points_;
}

void Conductor::make_peace() {
    shared_->calm = 1;
    shared_->publisher.largest = kUsualBytes;
    shared_->publisher.frames_a_burst = 1;
    for (const pid_t tap : taps_) processes_.signal(tap, SIGCONT);
    processes_.signal(publisher_, SIGCONT);
    play_on_source({0, Kind::continue_sources, 0, 0});
    for (const pid_t storm : storms_) processes_.kill(storm);
    storms_.clear();
    if (daemon_is_stopped_) play_on_daemon({0, Kind::continue_daemon, 0, 0});
    if (!daemon_.up()) daemon_.start(DaemonUnderChaos::Socket::own);
    if (!(daemon_.settings() == Settings())) daemon_.configure(Settings());
}

std::string Conductor::who_stands(const std::vector<uint64_t>& frames) const {
    std::string text;
    for (uint32_t tap = 0; tap < taps_.size(); ++tap) {
        if (shared_->taps[tap].frames >= frames[tap] + kFramesOfProgress) continue;
        text += " tap " + std::to_string(tap) + " (process " + std::to_string(taps_[tap]) + ", " +
                state_of(taps_[tap]) + ", " + std::to_string(shared_->taps[tap].frames - frames[tap]) +
                " frames)";
    }
    return text;
}

void Conductor::expect_progress() {
    std::vector<uint64_t> frames;
    for (uint32_t tap = 0; tap < taps_.size(); ++tap) frames.push_back(shared_->taps[tap].frames);
    await(
        [&] { return who_stands(frames).empty(); },
        [&] { return "no frames for" + who_stands(frames) + " although nothing is done to them any more"; });
}

// Without a crash: nobody waits for them.
void Conductor::expect_forks_to_have_ended() {
    for (const TapPage& tap : shared_->taps) {
        await([&] { return tap.forks == tap.forks_ended; },
              [] { return std::string("a fork of a tap did not come to its end"); });
    }
}

// Each process, and the daemon's list of taps.
void Conductor::expect_holdings() {
    const auto now = [&] {
        std::vector<Holdings> holdings{daemon_.holdings(), holdings_of(publisher_)};
        for (const pid_t tap : taps_) holdings.push_back(holdings_of(tap));
        return holdings;
    };
    const auto population_is_right = [&] {
        const auto taps = list_taps(daemon_.socket_path(), {}, kPatienceOfCalls);
        return taps.size() == taps_.size() &&
               std::none_of(taps.begin(), taps.end(), [](const auto& tap) { return tap.dismissed != 0; });
    };
    await(population_is_right, [] { return std::string("the daemon has other taps than those that live"); });
    if (baseline_.empty()) {
        baseline_ = now();
        const auto at_rest = [&] {
            const std::vector<Holdings> before = baseline_;
            poll(nullptr, 0, 200);
            baseline_ = now();
            return baseline_ == before;
        };
        await(at_rest, [] { return std::string("the processes don't come to rest at the beginning"); });
    }
    await([&] { return now() == baseline_; },
          [&] {
              const std::vector<Holdings> holdings = now();
              std::string text = "not as at the beginning:";
              for (size_t i = 0; i < holdings.size(); ++i) {
                  if (holdings[i] == baseline_[i]) continue;
                  text += (i == 0   ? " the daemon"
                           : i == 1 ? " the publisher"
                                    : " tap " + std::to_string(i - 2)) +
                          std::string(" has ") + holdings[i].words() + ", not " + baseline_[i].words() + ";";
              }
              return text;
          });
    const size_t kib = private_kib(daemon_.pid());
    if (private_kib_first_ == 0) private_kib_first_ = kib;
    private_kib_most_ = std::max(private_kib_most_, kib);
    if (!kKeepsFreedMemory && kib > private_kib_first_ + kPrivateKibAllowed) {
        throw Failure("the daemon has " + std::to_string(kib) + " KiB of its own, and had " +
                      std::to_string(private_kib_first_) + " at the beginning");
    }
}

// With all pins of all taps in use, and for different frames, depth and stock are all that is left: the
// publisher gets its whole stock only if none of the generation's slots was lost.
void Conductor::expect_every_slot() {
    shared_->held_through = 0;
    for (uint32_t tap = 0; tap < taps_.size(); ++tap) {
        if (!kRoles[tap].is_published()) continue;
        shared_->holders = place_of(tap) + 1;
        await([&] { return shared_->taps[tap].holds_all != 0; },
              [&] { return "tap " + std::to_string(tap) + " can't hold as many frames as it may"; });
    }
    const auto streams = list_streams(daemon_.socket_path(), "published", kPatienceOfCalls);
    shared_->publisher.sprint_wanted += streams.at(0).slots;
    await([&] { return shared_->publisher.sprint_done == shared_->publisher.sprint_wanted; },
          [] { return std::string("the publisher stands still while all taps hold frames"); });
    slots_checked_ += streams.at(0).slots;
    shared_->holders = 0;
    expect_progress();
}

}  // namespace camtap::chaos
