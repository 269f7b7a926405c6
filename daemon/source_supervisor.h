// Keeps one camtap-source process running: spawns it, watches its clocks, kills it, reaps it, starts it
// again.
//
//     off ──start──▶ running ──exit──▶ backing_off ──▶ running …
//                       └─kill─▶ ending ──reaped──▶ …
//
//     ended: it came to its end, and isn't started again
//     stuck: SIGKILL didn't end it; nothing is started until it ends
//
// A new process is started only when the old one is reaped, so two never use one device. Reaping never
// blocks.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "common/unique_fd.h"
#include "common/wire.h"
#include "daemon/daemon_context.h"

namespace camtap {

struct SourceExit {
    std::string reason;    // for people
    bool ended = false;    // it reported its end
    bool stopped = false;  // we didn't want it any more, or wanted another one
    bool stuck = false;    // not an exit: SIGKILL has no effect
};

class SourceSupervisor {
  public:
    struct Hooks {
        std::function<void(UniqueFd connection)> started;
        // It is dead. Whatever it said before that lies in its connection, and has to be heard now.
        std::function<void()> hear_last_words;
        std::function<void(const SourceExit&)> exited;
    };
    SourceSupervisor(DaemonContext& context, std::string stream, Hooks hooks);
    ~SourceSupervisor();  // a process that still runs is killed, and left to init to be reaped
    SourceSupervisor(const SourceSupervisor&) = delete;
    SourceSupervisor& operator=(const SourceSupervisor&) = delete;

    void configure(const StreamConfig& config);
    void start();    // does nothing if it runs already
    void stop();     // SIGTERM, after a second SIGKILL
    void restart();  // with the configuration as it is now, without delay
    // Ends a run that failed; the reason is what people are told. Started again with back-off.
    void fail(const std::string& reason);

    // It hung up, or said that it is at its end. It should exit now; it is killed if it doesn't within a
    // second, because tearing a codec down can hang as well as anything.
    void expect_exit();

    // The source's own word; starts and stops the clocks.
    void report(wire::Activity activity, const std::string& text);
    // A frame, or at least a sign that it reads.
    void progress(int64_t at_ns);
    // Kills it if a clock has run out. Returns when to look again, INT64_MAX = no clock runs.
    int64_t check_clocks(int64_t now_ns);

    bool idle() const {
        return phase_ == Phase::off || phase_ == Phase::ended || phase_ == Phase::backing_off;
    }
    bool is_wanted() const { return wanted_; }  // by the last start() or stop()
    bool running() const { return phase_ == Phase::running; }
    bool stuck() const { return phase_ == Phase::stuck; }  // SIGKILL didn't end it
    bool ending() const { return phase_ == Phase::ending; }
    pid_t pid() const { return pid_; }

  private:
    enum class Phase { off, running, ending, stuck, backing_off, ended };

    void spawn();
    void on_process_event();
    void on_exit(int wait_status);
    void on_timer();
    void tell_failure(pid_t pid, const std::string& reason);
    void back_off();
    void wake_at(int64_t step_ns);
    void kill(int signal);

    DaemonContext& context_;
    std::string stream_;
    Hooks hooks_;
    StreamConfig config_;
    Phase phase_ = Phase::off;
    bool wanted_ = false;
    bool restart_at_once_ = false;
    pid_t pid_ = 0;
    UniqueFd pidfd_;
    EventSource process_;
    EventSource timer_;  // back-off, or the time until SIGKILL, or until "stuck"
    bool sigkill_sent_ = false;
    bool ran_out_of_memory_ = false;    // the last one, as far as we can tell
    int64_t next_step_ns_ = INT64_MAX;  // of ending it
    wire::Activity activity_ = wire::Activity::opening;
    std::string failure_;  // why we ended it, or what it reported before it exited
    std::string told_;     // the failure that the operator knows of, since it last gave a frame
    int64_t told_ns_ = 0;
    int64_t clock_start_ns_ = 0;
    int64_t started_ns_ = 0;
    double delay_s_ = 0;
};

}  // namespace camtap
