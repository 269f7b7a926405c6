#include "conductor.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "common/clock.h"
#include "publisher_process.h"
#include "roles.h"
#include "storm.h"

namespace camtap::chaos {
namespace {

constexpr uint64_t kUsualBytes = 16 << 10;
constexpr size_t kRemembered = 40;       // actions
constexpr uint64_t kRoundsAReport = 75;  // about ten minutes

}  // namespace

Conductor::Conductor(const Plan& plan) : plan_(plan), daemon_(processes_), taps_(kTaps) {}

void Conductor::play() {
    shared_->publisher.largest = kUsualBytes;
    daemon_.start(DaemonUnderChaos::Socket::own);
    start_publisher();
    for (uint32_t tap = 0; tap < kTaps; ++tap) start_tap(tap);
    settle();
    for (uint64_t round = 0; round < plan_.rounds; ++round) {
        play_round(round);
        settle();
        if ((round + 1) % kRoundsAReport == 0 && round + 1 < plan_.rounds) report(round + 1);
    }
    for (const pid_t tap : taps_) processes_.kill(tap);
    processes_.kill(publisher_);
    daemon_.end();
}

void Conductor::start_tap(uint32_t tap) {
    const uint64_t seed = plan_.seed * kMaxTaps + tap + (++lives_ << 32);
    taps_[tap] = processes_.start(kRoles[tap].name, [&] {
        close_range(3, ~0u, 0);
        TapProcess(tap, *shared_, daemon_.socket_path(), seed).run();
    });
}

void Conductor::start_publisher() {
    publisher_ = processes_.start("publisher", [&] {
        close_range(3, ~0u, 0);
        PublisherProcess(*shared_, daemon_.socket_path(), plan_.seed + (++lives_ << 32)).run();
    });
}

void Conductor::watch() {
    if (shared_->has_failed()) throw Failure(shared_->words);
    processes_.reap();
}

void Conductor::play_round(uint64_t round) {
    const int64_t begin = monotonic_ns();
    for (const Action& action : make_round(plan_.seed, round, kTaps)) {
        const int64_t left_ms = action.at_ms - (monotonic_ns() - begin) / kNsPerMs;
        if (left_ms > 0) poll(nullptr, 0, static_cast<int>(left_ms));
        watch();
        last_actions_.push_back("round " + std::to_string(round) + ", " + action.words());
        if (last_actions_.size() > kRemembered) last_actions_.erase(last_actions_.begin());
        if (plan_.tells_all) std::printf("%s\n", last_actions_.back().c_str());
        ++played_[static_cast<size_t>(action.kind)];
        play_action(action);
    }
}

void Conductor::play_action(const Action& action) {
    switch (action.kind) {
        case Kind::kill_tap:
        case Kind::stop_tap:
        case Kind::continue_tap:
        case Kind::fork_tap:
            return play_on_tap(action, action.who % kTaps);
        case Kind::kill_publisher:
        case Kind::stop_publisher:
        case Kind::continue_publisher:
        case Kind::resize:
        case Kind::pace:
            return play_on_publisher(action);
        case Kind::kill_source:
        case Kind::stop_source:
        case Kind::continue_sources:
            return play_on_source(action);
        case Kind::storm: {
            const uint64_t seed = plan_.seed + action.value;
            storms_.push_back(processes_.start("storm", [&] {
                close_range(3, ~0u, 0);
                rage(daemon_.socket_path(), seed);
            }));
            return processes_.may_end(storms_.back());
        }
        case Kind::reload_changed:
            return reload(Settings::changed(action.value));
        case Kind::reload_broken: {
            Settings broken = daemon_.settings();
            broken.is_broken = true;
            return reload(broken);
        }
        case Kind::reload_restored:
            return reload(Settings());
        default:
            return play_on_daemon(action);
    }
}

void Conductor::play_on_tap(const Action& action, uint32_t tap) {
    switch (action.kind) {
        case Kind::kill_tap:
            processes_.kill(taps_[tap]);
            return start_tap(tap);
        case Kind::stop_tap:
            return processes_.signal(taps_[tap], SIGSTOP);
        case Kind::continue_tap:
            return processes_.signal(taps_[tap], SIGCONT);
        default:
            ++shared_->taps[tap].fork_wanted;
    }
}

void Conductor::play_on_publisher(const Action& action) {
    PublisherPage& page = shared_->publisher;
    switch (action.kind) {
        case Kind::kill_publisher:
            processes_.kill(publisher_);
            return start_publisher();
        case Kind::stop_publisher:
            return processes_.signal(publisher_, SIGSTOP);
        case Kind::continue_publisher:
            return processes_.signal(publisher_, SIGCONT);
        case Kind::resize:
            page.largest = kLeastBytes << (action.value % 12);  // up to 256 KiB
            return;
        default:
            page.frames_a_burst = uint64_t{1} << (action.value % 8);
    }
}

void Conductor::play_on_source(const Action& action) {
    if (action.kind == Kind::continue_sources) {
        for (const UniqueFd& source : stopped_sources_)
            syscall(SYS_pidfd_send_signal, source.get(), SIGCONT, nullptr, 0);
        return stopped_sources_.clear();
    }
    if (!daemon_.up()) return;
    const std::vector<pid_t> sources = children_of(daemon_.pid());
    if (sources.empty()) return;
    const pid_t victim = sources[action.who % sources.size()];
    UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, victim, 0)));
    const int signal = action.kind == Kind::kill_source ? SIGKILL : SIGSTOP;
    if (process) syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
    if (action.kind == Kind::stop_source) stopped_sources_.push_back(std::move(process));
}

void Conductor::play_on_daemon(const Action& action) {
    const auto socket = action.who == 0 ? DaemonUnderChaos::Socket::own : DaemonUnderChaos::Socket::passed;
    switch (action.kind) {
        case Kind::end_daemon:
            return daemon_.end();
        case Kind::kill_daemon:
            return daemon_.kill();
        case Kind::start_daemon:
            return daemon_.start(socket);
        case Kind::stop_daemon:
            daemon_is_stopped_ = true;
            return daemon_.stop();
        default:
            daemon_is_stopped_ = false;
            return daemon_.go_on();
    }
}

// A daemon that is stopped can't give a verdict; SIGHUP waits for it.
void Conductor::reload(const Settings& settings) {
    if (!daemon_is_stopped_) return daemon_.configure(settings);
    daemon_.write(settings);
    daemon_.hang_up_signal();
}

// That a long run is still running.
void Conductor::report(uint64_t rounds) const {
    std::printf("after %lu of %lu rounds:\n%s\n", static_cast<unsigned long>(rounds),
                static_cast<unsigned long>(plan_.rounds), figures().c_str());
    std::fflush(stdout);
}

std::string Conductor::last_moments() const {
    std::string text = "--- what was done last\n";
    for (const std::string& action : last_actions_) text += action + "\n";
    const std::string log = daemon_.log();
    constexpr size_t kTail = 6000;
    return text + "--- the end of camtapd's log\n" + log.substr(log.size() > kTail ? log.size() - kTail : 0);
}

std::string Conductor::figures() const {
    std::ostringstream text;
    for (size_t kind = 0; kind < kKinds; ++kind)
        text << "  " << played_[kind] << " × " << kind_name(static_cast<Kind>(kind)) << "\n";
    uint64_t frames = 0, checks = 0, forks = 0, balances = 0, missed = 0;
    for (const TapPage& tap : shared_->taps) {
        frames += tap.frames;
        checks += tap.checks;
        forks += tap.forks;
        balances += tap.balances;
        missed += tap.missed;
    }
    const PublisherPage& publisher = shared_->publisher;
    text << lives_ << " lives of taps and publishers, " << daemon_.starts() << " of the daemon; " << forks
         << " forks\n"
         << publisher.published << " numbers given by publish(), all ascending; " << publisher.run
         << " runs, " << publisher.lost << " slots lost with a connection\n"
         << frames << " frames delivered, " << checks << " checks of a whole frame, " << missed
         << " missed and accounted for, " << balances << " ledgers balanced\n"
         << quiet_points_ << " quiet points, " << slots_checked_
         << " slots tried out; the daemon each time: " << (baseline_.empty() ? "?" : baseline_[0].words())
         << "; its private memory " << private_kib_first_ << " KiB at first, " << private_kib_most_
         << " at most\n";
    return text.str();
}

}  // namespace camtap::chaos
