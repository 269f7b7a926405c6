#include "daemon/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>

#include "common/clock.h"
#include "daemon/memory_reserve.h"

namespace camtap {

static constexpr int64_t kAcceptPauseNs = 100 * kNsPerMs;  // when the kernel can't even give us a connection

wire::Refused refusal(const Error& why) {
    auto refused = wire::make<wire::Refused>();
    refused.code = static_cast<int32_t>(why.code);
    refused.system_errno = why.system_errno;
    refused.message.set(why.message);
    return refused;
}

Broker::Broker(DaemonContext& context, ListenSocket& listen, Hooks hooks)
    : context_(context), listen_(listen), hooks_(std::move(hooks)) {}

Broker::~Broker() = default;

Status Broker::start(const std::vector<StreamConfig>& streams) {
    reserve_fd_.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
    auto connections =
        context_.loop.on_descriptor(listen_.fd(), EPOLLIN, [this](uint32_t) { on_connection(); });
    if (!connections) return connections.error();
    connections_ = std::move(*connections);
    auto again = context_.loop.on_timer([this] { connections_.set_events(EPOLLIN); });
    if (!again) return again.error();
    accept_again_ = std::move(*again);
    for (const StreamConfig& config : streams) add_stream(config);
    return Done{};
}

void Broker::add_stream(const StreamConfig& config) {
    streams_.push_back(std::make_unique<Stream>(
        context_, config,
        Stream::Hooks{
            .source_started = [this](Stream& s, UniqueFd fd) { on_source_started(s, std::move(fd)); },
            .hear_out = [this](Session& session) { hear_out(session); },
            .end_session = [this](Session& session) { end(session); },
            .source_reaped = [this] { context_.loop.later([this] { on_source_reaped(); }); },
            .state_changed = [this] { hooks_.status_changed(); }}));
    streams_.back()->start();
}

Stream* Broker::find(const std::string& name) const {
    for (const auto& stream : streams_) {
        if (stream->name() == name) return stream.get();
    }
    return nullptr;
}

// ---- sessions

void Broker::on_connection() {
    UniqueFd socket(accept4(listen_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
        add_session(std::move(socket), false);
    } else if (errno == EMFILE || errno == ENFILE) {
        refuse_for_want_of_descriptors();
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        pause_accepting();
    }
}

// Without this, the connection would stay in the queue and the loop would spin.
void Broker::refuse_for_want_of_descriptors() {
    reserve_fd_.reset();
    bool refused_one = false;
    {
        const UniqueFd socket(accept4(listen_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        const Error why{Code::limit, 0, "camtapd has no file descriptors left (LimitNOFILE=)"};
        if (socket) (void)send_message(socket.get(), refusal(why));
        refused_one = static_cast<bool>(socket);
    }
    if (!refused_one) pause_accepting();
    reserve_fd_.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
    log_limit_.log(spdlog::level::err, &event::kClientRefused, {},
                   "no file descriptors left: a client was refused (LimitNOFILE=)");
}

void Broker::pause_accepting() {
    connections_.set_events(0);
    accept_again_.fire_at(monotonic_ns() + kAcceptPauseNs);
}

Status Broker::within_limits(const Session& session) const {
    if (MemoryReserve::is_spent()) return Error{Code::no_memory, 0, "camtapd is out of memory"};
    uint32_t all = 0;
    uint32_t of_user = 0;
    for (const auto& [id, other] : sessions_) {
        if (other->spawned) continue;
        ++all;
        if (other->peer.uid == session.peer.uid) ++of_user;
    }
    if (all > context_.config.max_connections) {
        return Error{Code::limit, 0,
                     fmt::format("camtapd has {} connections already (max_connections)", all - 1)};
    }
    if (of_user > context_.config.max_connections_per_user) {
        return Error{Code::limit, 0,
                     fmt::format("user {} has {} connections already (max_connections_per_user)",
                                 session.peer.uid, of_user - 1)};
    }
    return Done{};
}

Session* Broker::add_session(UniqueFd socket, bool spawned) {
    auto made = std::make_unique<Session>();
    Session& session = *made;
    session.id = ++last_session_;
    session.socket = std::move(socket);
    session.spawned = spawned;
    refuse_descriptors(session.socket.get());  // again: it may have connected before the daemon was there
    if (!spawned) session.peer = Peer::of(session.socket.get());
    sessions_.emplace(session.id, std::move(made));
    if (!spawned) {
        if (Status fits = within_limits(session); !fits) {
            refuse(session, fits.error());
            return nullptr;
        }
    }
    if (Status watched = watch(session); !watched) {
        refuse(session, watched.error());
        return nullptr;
    }
    return &session;
}

Status Broker::watch(Session& session) {
    auto readable = context_.loop.on_descriptor(
        session.socket.get(), EPOLLIN, [this, &session](uint32_t events) { on_readable(session, events); });
    if (!readable) return readable.error();
    session.readable = std::move(*readable);
    if (session.peer.pidfd) {
        auto death = context_.loop.on_descriptor(session.peer.pidfd.get(), EPOLLIN,
                                                 [this, &session](uint32_t) { end(session); });
        if (!death) return death.error();
        session.death = std::move(*death);
    }
    auto deadline = context_.loop.on_timer([this, &session] {
        drop(session, Error{Code::timeout, 0,
                            session.role == Session::Role::greeting
                                ? "it said nothing within handshake_timeout"
                                : "it didn't map what it was given within handshake_timeout"});
    });
    if (!deadline) return deadline.error();
    session.deadline = std::move(*deadline);
    session.deadline.fire_at(monotonic_ns() + to_ns(context_.config.handshake_timeout));
    return Done{};
}

// The session is gone for everybody at once; its object lives until the event that we are in is done with.
void Broker::end(Session& session) {
    if (session.closed) return;
    session.closed = true;
    if (session.stream != nullptr && session.role == Session::Role::tap) {
        session.stream->remove_tap(session);
    } else if (session.stream != nullptr) {  // a publisher, or a source that hasn't said hello yet
        session.stream->lose_publisher("its publisher hung up");
    }
    session.readable.set_events(0);
    session.deadline.off();
    context_.loop.later([this, id = session.id] { sessions_.erase(id); });
}

void Broker::refuse(Session& session, const Error& why, const Stream* stream) {
    if (stream == nullptr) stream = session.stream;
    (void)session.send(refusal(why));
    client_log_.of(session.peer.uid)
        .log(spdlog::level::info, &event::kClientRefused, stream != nullptr ? stream->name() : "",
             fmt::format("refused process {} ({}) of user {}: {}", session.peer.pid,
                         session.program.empty() ? "?" : session.program, session.peer.uid, why.message));
    end(session);
}

void Broker::dismiss(Session& session, const Error& why) {
    if (session.tap.dismissed) return;
    session.tap.dismissed = true;
    auto dismissed = wire::make<wire::Dismissed>();
    dismissed.code = static_cast<int32_t>(why.code);
    dismissed.message.set(why.message);
    // To one that hasn't read what it was sent before, and so has no room for the words, the end of file says
    // it
    if (!session.send(dismissed)) shutdown(session.socket.get(), SHUT_WR);
    session.readable.set_events(0);  // hang-up is still told of
    session.deadline.off();
    if (session.stream != nullptr) session.stream->linger_if_unwanted();
}

void Broker::drop(Session& session, const Error& why) {
    if (session.closed) return;
    const std::string stream = session.stream != nullptr ? session.stream->name() : "";
    client_log_.of(session.peer.uid)
        .log(spdlog::level::warn, &event::kClientRefused, stream,
             fmt::format("{}{}process {} ({}) of user {} lost its session: {}", stream,
                         stream.empty() ? "" : ": ", session.peer.pid,
                         session.program.empty() ? "?" : session.program, session.peer.uid, why.message));
    if (session.role == Session::Role::tap && session.tap.mapped) return dismiss(session, why);
    if (session.role == Session::Role::publisher && session.stream != nullptr) {
        return session.stream->publisher_broke_protocol(why);
    }
    (void)session.send(refusal(why));
    end(session);
}

void Broker::on_source_started(Stream& stream, UniqueFd connection) {
    Session* session = add_session(std::move(connection), true);
    if (session == nullptr) return;
    session->stream = &stream;
    session->program = "camtap-source";
    session->deadline.off();  // open_timeout is its clock
    stream.set_publisher(*session);
}

// ---- configuration

// nullptr: there is none of that name. Leaves no hole.
static std::unique_ptr<Stream> take(std::vector<std::unique_ptr<Stream>>& streams, const std::string& name) {
    const auto found =
        std::find_if(streams.begin(), streams.end(), [&](const auto& s) { return s->name() == name; });
    if (found == streams.end()) return nullptr;
    std::unique_ptr<Stream> stream = std::move(*found);
    streams.erase(found);
    return stream;
}

ConfigDifference Broker::reconfigure(const std::vector<StreamConfig>& configs) {
    ConfigDifference difference;
    std::vector<std::unique_ptr<Stream>> old = std::move(streams_);
    streams_.clear();
    std::vector<const StreamConfig*> added;
    for (const StreamConfig& config : configs) {
        std::unique_ptr<Stream> stream = take(old, config.name);
        if (!stream) {
            added.push_back(&config);
            continue;
        }
        if (!(stream->config() == config)) {
            ++difference.changed;
            for (Session* session : stream->reconfigure(config)) {
                dismiss(*session,
                        Error{Code::not_allowed, 0, "the right to tap '" + config.name + "' was withdrawn"});
            }
        }
        streams_.push_back(std::move(stream));
    }
    for (auto& stream : old) {
        ++difference.removed;
        stream->remove();
        const std::vector<Session*> taps(stream->taps().begin(), stream->taps().end());
        for (Session* session : taps) {
            dismiss(*session,
                    Error{Code::gone, 0, "'" + stream->name() + "' was removed from the configuration"});
            stream->remove_tap(*session);
        }
        removed_.push_back(std::move(stream));
    }
    for (const StreamConfig* config : added) {
        ++difference.added;
        if (std::unique_ptr<Stream> stream = take(removed_, config->name)) {
            streams_.push_back(std::move(stream));
            streams_.back()->restore(*config);
        } else {
            add_stream(*config);
        }
    }
    on_source_reaped();
    const auto position = [&configs](const std::unique_ptr<Stream>& stream) {
        return std::find_if(configs.begin(), configs.end(),
                            [&](const StreamConfig& config) { return config.name == stream->name(); });
    };
    std::sort(streams_.begin(), streams_.end(),
              [&](const auto& a, const auto& b) { return position(a) < position(b); });
    return difference;
}

void Broker::send_verdict(uint64_t session, const wire::Verdict& verdict) {
    const auto found = sessions_.find(session);
    if (found == sessions_.end() || found->second->closed) return;
    if (!found->second->send(verdict)) end(*found->second);
}

std::string Broker::status() const {
    constexpr size_t kNamed = 5;  // of those offline; `camtap ls` tells of all
    size_t live = 0;
    size_t offline = 0;
    std::string trouble;
    for (const auto& stream : streams_) {
        if (stream->state() == wire::StreamState::live) ++live;
        if (stream->state() == wire::StreamState::offline && ++offline <= kNamed) {
            trouble += fmt::format(", {} offline ({})", stream->name(), stream->reason());
        }
    }
    if (offline > kNamed) trouble += fmt::format(", and {} more offline", offline - kNamed);
    return fmt::format("{} stream{}: {} live{}", streams_.size(), streams_.size() == 1 ? "" : "s", live,
                       trouble);
}

void Broker::shut_down(std::function<void()> done) {
    connections_.reset();
    shut_down_done_ = std::move(done);
    for (const auto& stream : streams_) stream->shut_down();
    on_source_reaped();
}

void Broker::on_source_reaped() {
    for (const auto& stream : removed_) {
        if (stream->finished()) stream->forget_frames();
    }
    if (!shut_down_done_) return;
    const auto done = [](const auto& stream) { return stream->holds_up_nobody(); };
    const bool all = std::all_of(streams_.begin(), streams_.end(), done) &&
                     std::all_of(removed_.begin(), removed_.end(), done);
    if (all) std::exchange(shut_down_done_, nullptr)();
}

}  // namespace camtap
