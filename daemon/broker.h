// The broker: accepts connections, learns who they are, and passes their messages on to the streams.
//
// Every client gets one reply per request and is heard one message at a time, in turn with all others; one
// that floods, keeps silent, doesn't read its replies or breaks the protocol loses its session, and nobody
// else notices. Threads: the daemon's one. Never blocks.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/daemon_context.h"
#include "daemon/listen_socket.h"
#include "daemon/log_limit.h"
#include "daemon/session.h"
#include "daemon/stream.h"

namespace camtap {

// As a client is told of it.
wire::Refused refusal(const Error& why);

struct ConfigDifference {
    uint32_t added = 0;
    uint32_t changed = 0;
    uint32_t removed = 0;
};

class Broker {
  public:
    struct Hooks {
        std::function<void(uint64_t session)> reload_wanted;  // by a session that waits for the verdict
        std::function<void()> status_changed;                 // what status() says may be something else now
    };
    Broker(DaemonContext& context, ListenSocket& listen, Hooks hooks);
    ~Broker();

    // Begins to listen. Errors: limit, system.
    Status start(const std::vector<StreamConfig>& streams);

    // Streams that are the same in both configurations don't notice.
    ConfigDifference reconfigure(const std::vector<StreamConfig>& streams);
    void send_verdict(uint64_t session, const wire::Verdict& verdict);

    // Stops listening and ends all sources; `done` is called when they are reaped. Sessions stay till the
    // end, so that no seat gets empty, and no publisher fills a slot that a tap holds.
    void shut_down(std::function<void()> done);

    // "3 streams: 2 live, rear offline (no such device)"
    std::string status() const;
    bool has_streams() const { return !streams_.empty(); }

  private:
    void on_connection();
    void refuse_for_want_of_descriptors();
    void pause_accepting();
    Status watch(Session& session);
    Session* add_session(UniqueFd socket, bool spawned);
    Status within_limits(const Session& session) const;
    void end(Session& session);
    void dismiss(Session& session, const Error& why);
    wire::Welcome welcome() const;
    // `stream`: the one that it asked for, if it has none yet.
    void refuse(Session& session, const Error& why, const Stream* stream = nullptr);
    void drop(Session& session, const Error& why);  // dismiss a tap that may hold pins, end anybody else

    void on_readable(Session& session, uint32_t events);
    void hear_out(Session& session);
    void on_message(Session& session);
    void on_hello(Session& session);
    void welcome_tap(Session& session, Stream& stream);
    void welcome_publisher(Session& session, Stream& stream, uint32_t stock);
    void on_tap_message(Session& session, wire::Type type);
    void on_publisher_message(Session& session, wire::Type type);
    void on_control_message(Session& session, wire::Type type);
    void on_need(Session& session);
    void turn_down(Session& session, const Error& why);
    void answer(Session& session, const wire::Ask& question);
    void list_streams(Session& session);
    void list_taps(Session& session);
    Error unknown_stream(const std::string& name) const;

    void add_stream(const StreamConfig& config);
    void on_source_started(Stream& stream, UniqueFd connection);
    void on_source_reaped();
    Stream* find(const std::string& name) const;

    DaemonContext& context_;
    ListenSocket& listen_;
    Hooks hooks_;
    UniqueFd reserve_fd_;  // given up for a moment when descriptors run out, to refuse the client in words
    EventSource connections_;
    EventSource accept_again_;
    uint64_t last_session_ = 0;
    std::map<uint64_t, std::unique_ptr<Session>> sessions_;
    std::vector<std::unique_ptr<Stream>> streams_;  // in the order of the configuration
    std::vector<std::unique_ptr<Stream>> removed_;  // kept for their numbers, should they come back
    std::function<void()> shut_down_done_;
    LogLimit log_limit_;
    ClientLog client_log_;
    Datagram datagram_;  // the message that is being handled
};

}  // namespace camtap
