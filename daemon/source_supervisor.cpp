#include "daemon/source_supervisor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include <algorithm>

#include "common/clock.h"
#include "daemon/event_log.h"
#include "daemon/spawn.h"

namespace camtap {

static constexpr int64_t kTermGraceNs = kNsPerSecond;       // from SIGTERM to SIGKILL
static constexpr int64_t kStuckAfterNs = 5 * kNsPerSecond;  // from SIGKILL to the words "stuck in the kernel"
static constexpr int64_t kReapPollNs = kNsPerSecond;        // where there is no pidfd to wait on
static constexpr int64_t kTellAgainNs = 3600 * kNsPerSecond;  // between two lines on the same failure

SourceSupervisor::SourceSupervisor(DaemonContext& context, std::string stream, Hooks hooks)
    : context_(context), stream_(std::move(stream)), hooks_(std::move(hooks)) {
    if (Result<EventSource> timer = context_.loop.on_timer([this] { on_timer(); }))
        timer_ = std::move(*timer);
}

SourceSupervisor::~SourceSupervisor() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
}

void SourceSupervisor::configure(const StreamConfig& config) {
    config_ = config;
}

void SourceSupervisor::start() {
    if (phase_ == Phase::ending && !wanted_) restart_at_once_ = true;  // it was stopped; it didn't fail
    wanted_ = true;
    if (phase_ == Phase::off || phase_ == Phase::ended) {
        delay_s_ = 0;
        spawn();
    }
}

void SourceSupervisor::stop() {
    wanted_ = false;
    restart_at_once_ = false;
    if (phase_ == Phase::running) {
        spdlog::debug("{}: source process {} is asked to end", stream_, pid_);
        phase_ = Phase::ending;
        kill(SIGTERM);
        wake_at(monotonic_ns() + kTermGraceNs);
    } else if (phase_ == Phase::backing_off || phase_ == Phase::ended) {
        phase_ = Phase::off;
        timer_.off();
    }
}

void SourceSupervisor::restart() {
    const bool was_running = phase_ == Phase::running || phase_ == Phase::ending || phase_ == Phase::stuck;
    stop();
    if (was_running) {
        wanted_ = true;
        restart_at_once_ = true;
    } else {
        start();
    }
}

void SourceSupervisor::fail(const std::string& reason) {
    if (phase_ != Phase::running) return;
    if (failure_.empty()) failure_ = reason;
    phase_ = Phase::ending;
    kill(SIGKILL);
    sigkill_sent_ = true;
    wake_at(monotonic_ns() + kStuckAfterNs);
}

void SourceSupervisor::expect_exit() {
    if (phase_ != Phase::running) return;
    phase_ = Phase::ending;
    wake_at(monotonic_ns() + kTermGraceNs);
}

void SourceSupervisor::report(wire::Activity activity, const std::string& text) {
    activity_ = activity;
    clock_start_ns_ = monotonic_ns();
    if (activity == wire::Activity::failed) failure_ = text.empty() ? "the source failed" : text;
    if (activity == wire::Activity::ended) failure_ = text;
    if (activity == wire::Activity::failed || activity == wire::Activity::ended) expect_exit();
}

void SourceSupervisor::progress(int64_t at_ns) {
    clock_start_ns_ = std::max(clock_start_ns_, at_ns);
    told_.clear();
}

int64_t SourceSupervisor::check_clocks(int64_t now_ns) {
    if (phase_ != Phase::running) return INT64_MAX;
    const bool opening = activity_ == wire::Activity::opening;
    if (!opening && activity_ != wire::Activity::reading) return INT64_MAX;
    const Seconds limit = opening ? config_.open_timeout : config_.stall_timeout;
    const int64_t deadline = clock_start_ns_ + to_ns(limit);
    if (now_ns < deadline) return deadline;
    fail(fmt::format("{} {} s ({})",
                     opening ? "the source did not open within" : "the source gave no frame for",
                     limit.count(), opening ? "open_timeout" : "stall_timeout"));
    return INT64_MAX;
}

void SourceSupervisor::spawn() {
    failure_.clear();
    sigkill_sent_ = false;
    started_ns_ = clock_start_ns_ = monotonic_ns();
    // What the last one left in shared memory may still be there, so that the new one is small when memory runs
    // out again: the kernel would then take another stream's, which has done nothing.
    const OutOfMemory turn = ran_out_of_memory_ ? OutOfMemory::first : OutOfMemory::early;
    Result<SpawnedSource> source =
        spawn_source(context_.source_program, stream_, config_.source_arguments, turn);
    if (!source) {
        phase_ = Phase::backing_off;
        back_off();
        hooks_.exited(SourceExit{.reason = "the source could not be started: " + source.error().message});
        return;
    }
    pid_ = source->pid;
    pidfd_ = std::move(source->pidfd);
    phase_ = Phase::running;
    activity_ = wire::Activity::opening;
    if (pidfd_) {
        auto process =
            context_.loop.on_descriptor(pidfd_.get(), EPOLLIN, [this](uint32_t) { on_process_event(); });
        if (process) process_ = std::move(*process);
    }
    wake_at(INT64_MAX);
    log_event(told_.empty() ? spdlog::level::info : spdlog::level::debug, nullptr, stream_,
              fmt::format("{}: source started, process {}", stream_, pid_));
    hooks_.started(std::move(source->connection));
}

void SourceSupervisor::kill(int signal) {
    if (pid_ > 0) ::kill(pid_, signal);
}

void SourceSupervisor::on_timer() {
    if (phase_ == Phase::backing_off) {
        if (wanted_) spawn();
        return;
    }
    if (!process_) on_process_event();  // no pidfd: look
    if (phase_ == Phase::ending && monotonic_ns() >= next_step_ns_) {
        if (!sigkill_sent_) {
            if (wanted_ && failure_.empty() && activity_ != wire::Activity::ended)
                failure_ = "it closed its connection, but did not exit";
            kill(SIGKILL);
            sigkill_sent_ = true;
            wake_at(monotonic_ns() + kStuckAfterNs);
        } else {
            phase_ = Phase::stuck;
            next_step_ns_ = INT64_MAX;
            const std::string reason = fmt::format("process {} is stuck in the kernel (a driver?)", pid_);
            log_event(spdlog::level::err, nullptr, stream_,
                      stream_ + ": " + reason + "; nothing else is started for this stream until it ends");
            hooks_.exited(SourceExit{.reason = reason, .stuck = true});
        }
    }
    if (pid_ > 0) wake_at(next_step_ns_);
}

// When the next step towards its end is due; and now and then before that, if there is no pidfd to wake us.
void SourceSupervisor::wake_at(int64_t step_ns) {
    next_step_ns_ = step_ns;
    const int64_t at = process_ ? step_ns : std::min(step_ns, monotonic_ns() + kReapPollNs);
    if (at == INT64_MAX) {
        timer_.off();
    } else {
        timer_.fire_at(at);
    }
}

void SourceSupervisor::on_process_event() {
    int wait_status = 0;
    const pid_t reaped = waitpid(pid_, &wait_status, WNOHANG);
    if (reaped == 0 || (reaped < 0 && errno == EINTR)) return;
    on_exit(wait_status);
}

static std::string describe_exit(int wait_status, bool ran_out_of_memory) {
    if (ran_out_of_memory)
        return "the source was killed by SIGKILL, but not by camtapd: out of memory? (journalctl -k)";
    if (WIFSIGNALED(wait_status)) {
        const char* name = sigabbrev_np(WTERMSIG(wait_status));
        return fmt::format("the source was killed by SIG{}", name != nullptr ? name : "?");
    }
    if (WEXITSTATUS(wait_status) == 127) return "the source program could not be executed";
    return fmt::format("the source exited with status {}", WEXITSTATUS(wait_status));
}

void SourceSupervisor::on_exit(int wait_status) {
    const pid_t pid = pid_;
    // We may be in the callback of process_; and it must be gone before its descriptor is closed
    struct Finished {
        UniqueFd pidfd;
        EventSource process;
    };
    context_.loop.later(
        [keep = std::make_shared<Finished>(Finished{std::move(pidfd_), std::move(process_)})] {});
    pid_ = 0;
    hooks_.hear_last_words();  // "I am at the end" makes a difference
    timer_.off();
    SourceExit exit;
    exit.stopped = !wanted_ || restart_at_once_;
    exit.ended = !exit.stopped && activity_ == wire::Activity::ended;
    // The kernel does that, and otherwise only a person.
    ran_out_of_memory_ =
        !exit.stopped && !sigkill_sent_ && WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
    exit.reason = exit.stopped        ? "its source is started anew"
                  : exit.ended        ? failure_
                  : !failure_.empty() ? failure_
                                      : describe_exit(wait_status, ran_out_of_memory_);
    if (exit.ended || exit.stopped) {
        log_event(spdlog::level::info, nullptr, stream_,
                  fmt::format("{}: source process {} {}", stream_, pid,
                              exit.ended ? "came to its end" : "stopped"));
    } else {
        tell_failure(pid, exit.reason);
    }
    if (!wanted_) {
        phase_ = Phase::off;
    } else if (restart_at_once_) {
        restart_at_once_ = false;
        phase_ = Phase::backing_off;
        timer_.fire_at(monotonic_ns());
    } else if (exit.ended) {
        phase_ = Phase::ended;
    } else {
        phase_ = Phase::backing_off;
        back_off();
    }
    hooks_.exited(exit);
}

// A camera that is away for a week fails a hundred thousand times, always for the same reason.
void SourceSupervisor::tell_failure(pid_t pid, const std::string& reason) {
    const int64_t now = monotonic_ns();
    const bool is_news = reason != told_ || now - told_ns_ > kTellAgainNs;
    if (is_news) {
        told_ = reason;
        told_ns_ = now;
    }
    log_event(is_news ? spdlog::level::warn : spdlog::level::debug, &event::kSourceRestarted, stream_,
              fmt::format("{}: source process {} failed: {}", stream_, pid, reason));
}

// Doubles from restart_delay to restart_delay_max, and begins anew after a run that lasted.
void SourceSupervisor::back_off() {
    const double least = context_.config.restart_delay.count();
    const double most = context_.config.restart_delay_max.count();
    const bool lasted = started_ns_ != 0 && monotonic_ns() - started_ns_ > to_ns(Seconds(2 * most));
    delay_s_ = delay_s_ == 0 || lasted ? least : std::min(2 * delay_s_, most);
    timer_.fire_at(monotonic_ns() + to_ns(Seconds(delay_s_)));
}

}  // namespace camtap
