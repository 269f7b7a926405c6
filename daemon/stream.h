// One configured stream: its newest generation, its publisher, its taps, and what they are told of its state.
//
// Invariant: at most one publisher; `generation_` is the one that taps are told of, sealed; `pending_` is
// being mapped by the publisher and known to nobody else. Threads: the daemon's one. Never blocks.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "daemon/daemon_context.h"
#include "daemon/generation.h"
#include "daemon/log_limit.h"
#include "daemon/session.h"
#include "daemon/source_supervisor.h"

namespace camtap {

class Stream {
  public:
    // What a stream can't do itself.
    struct Hooks {
        std::function<void(Stream&, UniqueFd connection)>
            source_started;                      // the daemon's end of the connection
        std::function<void(Session&)> hear_out;  // takes what it has sent, until it hangs up
        std::function<void(Session&)> end_session;
        std::function<void()> source_reaped;
        std::function<void()> state_changed;
    };
    Stream(DaemonContext& context, StreamConfig config, Hooks hooks);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    const StreamConfig& config() const { return config_; }
    const std::string& name() const { return config_.name; }

    // --- taps
    // Errors: not_allowed, limit (max_taps).
    Status admit_tap(const Session& session) const;
    void add_tap(Session& session);
    // Its pin page is mapped and sealed: the publisher is to look at it. Before the tap is told of any segment.
    void seat_tap(Session& session);
    void remove_tap(Session& session);
    void linger_if_unwanted();  // a tap was dismissed
    // The answer to a sync; the descriptor to go with it, or −1.
    int sync(Session& session, uint32_t known_generation, wire::Synced& answer);
    void arm(Session& session, const wire::Arm& arm);
    std::span<Session* const> taps() const { return taps_; }

    // --- the publisher
    // Errors: not_allowed, busy.
    Status admit_publisher(const Session& session) const;
    void set_publisher(Session& session);
    // It hung up. Its frames stay.
    void lose_publisher(const std::string& why);
    // Ends its session, and its process if we started it.
    void publisher_broke_protocol(const Error& error);
    // A segment for frames of `bytes`, to be sent to the publisher. Errors: too_big, limit, no_memory,
    // system: the publisher is told and goes on; protocol: it has to go.
    Result<const Generation*> make_generation(uint64_t bytes);
    // The publisher has mapped it: seals and announces it. Errors: protocol, system.
    Status open_generation(uint32_t number);
    // The answer to a publisher's question, and the descriptor to go with it, or −1. Errors: protocol; limit: it is
    // told, and keeps what it has.
    Result<int> ask(const wire::Ask& question, wire::Seat& answer);
    Status take_in_published();
    void report(wire::Activity activity, const std::string& text);
    const layout::Counters& counters() const { return counters_; }  // at the end of the last generation
    uint64_t copies() const { return copies_; }

    // --- configuration
    void start();
    // Takes over a changed configuration of the same name. Returns the sessions that lost their rights.
    std::vector<Session*> reconfigure(const StreamConfig& config);
    // Taps are told that it is gone, and its source is stopped. When finished() says that it has ended,
    // nothing needs the frames any more.
    void remove();
    bool finished() const { return supervisor_.idle(); }
    bool holds_up_nobody() const { return finished() || supervisor_.stuck(); }
    void forget_frames();
    // Configured again: its numbers and counters go on.
    void restore(const StreamConfig& config);
    void shut_down();  // as the whole daemon does: its source is stopped, its taps are told nothing

    wire::StreamRecord record() const;
    wire::StreamState state() const { return state_; }
    const std::string& reason() const { return reason_; }

  private:
    void record_generation(wire::StreamRecord& r) const;
    void set_state(wire::StreamState state, std::string reason);
    void tell_change();
    void nudge(Session& session);
    void nudge_armed();
    void disarm_if_nobody_waits();
    void ask_to_be_told();
    void on_frames(uint64_t count);
    void change_seat(uint32_t seat, const Session* taken_by);
    void on_source_exit(const SourceExit& exit);
    void close_generation(bool publisher_is_dead);
    void absorb_counters(const Generation& generation);
    Error too_much_memory(const char* limit, uint64_t limit_bytes, const GenerationPlan& plan) const;
    void check_clocks();
    void schedule_check();
    bool wanted() const;
    void open_on_demand();
    void stop_unwanted();
    void begin_anew();
    void end_publisher(const std::string& why);
    void drop_pending();
    bool external() const { return config_.source == "publisher"; }
    GenerationPlan plan(uint64_t bytes) const;
    uint32_t next_generation_number() const;
    Result<uint64_t> reserve_numbers(uint64_t used);
    Status check_memory(const GenerationPlan& plan) const;

    DaemonContext& context_;
    StreamConfig config_;
    Hooks hooks_;
    std::vector<Session*> taps_;
    struct Seat {
        const Session* taken_by;  // nullptr: empty
        uint64_t changed;         // the number of that change
    };
    std::vector<Seat> seats_;  // of taps whose pins count
    uint64_t seating_ = 0;     // changes of seats so far
    Session* publisher_ = nullptr;
    std::unique_ptr<Generation> generation_;
    std::unique_ptr<Generation> pending_;
    bool generation_closed_ = false;  // its publisher is gone or moved on
    struct Closed {
        uint32_t generation;
        uint64_t last;
    };
    std::deque<Closed> closed_;  // the last few, newest last
    uint64_t next_sequence_;
    uint64_t published_ = 0;  // in this epoch
    layout::Counters counters_;
    uint64_t copies_ = 0;
    wire::StreamState state_;
    std::string reason_;
    uint64_t changes_ = 1;
    bool had_frames_ = false;
    std::string idle_reason_;     // what the source said when nothing was to be expected
    uint64_t signs_of_life_ = 0;  // sum of live counters when we last looked
    int64_t last_frame_ns_ = 0;
    uint32_t restarts_ = 0;
    bool shutting_down_ = false;
    LogLimit log_limit_;  // a publisher can make states come and go as fast as it likes
    SourceSupervisor supervisor_;
    EventSource check_timer_;
    EventSource linger_timer_;
};

// "live", "offline", …
const char* stream_state_name(wire::StreamState state);

}  // namespace camtap
