// What the broker does with each message. Every one is checked here, for its type, its length and its turn,
// before any part of it is used.
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "common/clock.h"
#include "common/stream_name.h"
#include "daemon/broker.h"

namespace camtap {

using wire::Type;

static constexpr int kReplyBufferBytes = 8 * 1024;  // the kernel doubles it: some dozen messages

static const Error kOutOfTurn{Code::protocol, 0,
                              "it sent a message that is unknown, of the wrong length, or out of turn"};

// What a peer calls itself goes into logs and tables: only printable ASCII of it.
static std::string printable(std::string_view text) {
    std::string result(text);
    std::replace_if(
        result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return result;
}

void Broker::on_readable(Session& session, uint32_t events) {
    if (session.closed) return;
    if (session.tap.dismissed) {
        if ((events & (EPOLLHUP | EPOLLERR)) != 0) end(session);
        return;
    }
    receive(session.socket.get(), datagram_);
    datagram_.fd.reset();  // nobody is to send us descriptors
    switch (datagram_.kind) {
        case Datagram::Kind::nothing_yet:
            return;
        case Datagram::Kind::hang_up:
            return end(session);
        case Datagram::Kind::malformed:
            return drop(session, kOutOfTurn);
        case Datagram::Kind::message:
            break;
    }
    // A publisher may tell and ask as often as it has frames, however many those are; but a segment costs us something
    const bool limited = session.role != Session::Role::publisher || datagram_.type() == Type::need;
    if (limited && !session.requests.take(context_.config.max_requests_per_second)) {
        return drop(session,
                    Error{Code::limit, 0,
                          fmt::format("it sent more than {} requests in a second (max_requests_per_second)",
                                      context_.config.max_requests_per_second)});
    }
    on_message(session);
}

void Broker::hear_out(Session& session) {
    constexpr int kMost =
        64;  // more than a publisher has to say at once; a child of its own might go on talking
    for (int i = 0; i < kMost && !session.closed; ++i) on_readable(session, EPOLLIN);
}

void Broker::on_message(Session& session) {
    const Type type = datagram_.type();
    switch (session.role) {
        case Session::Role::greeting:
            return on_hello(session);
        case Session::Role::tap:
            return on_tap_message(session, type);
        case Session::Role::publisher:
            return on_publisher_message(session, type);
        case Session::Role::control:
            return on_control_message(session, type);
    }
}

// ---- hello

static Error other_version(uint16_t major, uint16_t minor) {
    return Error{
        Code::version, 0,
        fmt::format("this client speaks version {}.{} of the protocol, camtapd {}.{}: update the older one",
                    major, minor, wire::kMajor, wire::kMinor)};
}

wire::Welcome Broker::welcome() const {
    auto welcome = wire::make<wire::Welcome>();
    welcome.instance = context_.instance;
    welcome.major = wire::kMajor;
    welcome.minor = wire::kMinor;
    return welcome;
}

void Broker::on_hello(Session& session) {
    wire::Hello hello{};
    // The first 16 bytes are the same in all versions, so that another version is refused in words
    if (datagram_.type() != Type::hello || datagram_.bytes < 16) return drop(session, kOutOfTurn);
    std::memcpy(&hello, datagram_.data, std::min(datagram_.bytes, sizeof hello));
    if (hello.magic != wire::kHelloMagic) return drop(session, kOutOfTurn);
    if (hello.major != wire::kMajor) return refuse(session, other_version(hello.major, hello.minor));
    if (!datagram_.as(hello)) return drop(session, kOutOfTurn);
    session.program = printable(hello.program.view());
    if (hello.role == wire::Role::control && !session.spawned) {
        session.role = Session::Role::control;
        session.deadline.off();
        if (!session.send(welcome())) end(session);
        return;
    }
    if (!hello.stream.terminated()) {
        return refuse(session, Error{Code::bad_name, 0, "a stream name has at most 63 bytes"});
    }
    const std::string name(hello.stream.view());
    if (const std::string_view fault = stream_name_fault(name); !fault.empty()) {
        return refuse(session, Error{Code::bad_name, 0, "'" + printable(name) + "': " + std::string(fault)});
    }
    Stream* stream = session.spawned ? session.stream : find(name);
    if (stream == nullptr) return refuse(session, unknown_stream(name));
    if (hello.role == wire::Role::tap && !session.spawned) return welcome_tap(session, *stream);
    if (hello.role == wire::Role::publisher) return welcome_publisher(session, *stream, hello.stock);
    drop(session, kOutOfTurn);
}

Error Broker::unknown_stream(const std::string& name) const {
    std::string known;
    for (const auto& stream : streams_) known += (known.empty() ? "" : ", ") + stream->name();
    return Error{Code::unknown_stream, 0,
                 "there is no stream '" + name + "'; " +
                     (known.empty() ? "none is configured" : "there are: " + known)};
}

static Result<UniqueFd> make_pin_page(TapSeat& seat) {
    Result<UniqueFd> fd = create_memfd("camtap-pins", layout::kPage);
    if (!fd) return fd;
    Result<Mapping> page = Mapping::map(fd->get(), layout::kPage, Mapping::Access::read_only);
    if (!page) return page.error();
    (void)mlock(page->data(), page->bytes());  // best effort: without it the loop may take a small page fault
    seat.page = std::move(*page);
    return fd;
}

// A few are enough: each may hold a descriptor, and the kernel counts all that are on their way from us together, so
// those who don't read would use up what the others need.
static void limit_unread_replies(const Session& session) {
    setsockopt(session.socket.get(), SOL_SOCKET, SO_SNDBUF, &kReplyBufferBytes, sizeof kReplyBufferBytes);
}

void Broker::welcome_tap(Session& session, Stream& stream) {
    if (Status admitted = stream.admit_tap(session); !admitted)
        return refuse(session, admitted.error(), &stream);
    Result<UniqueFd> page = make_pin_page(session.tap);
    if (!page) return refuse(session, page.error(), &stream);
    session.tap.page_fd = std::move(*page);
    session.tap.max_pins = stream.config().max_pins;
    session.role = Session::Role::tap;
    session.deadline.fire_at(monotonic_ns() + to_ns(context_.config.handshake_timeout));
    wire::Welcome welcome = this->welcome();
    welcome.max_pins = session.tap.max_pins;
    welcome.max_frame_bytes = stream.config().max_frame_bytes;
    limit_unread_replies(session);
    if (!session.send(welcome, session.tap.page_fd.get())) return end(session);
    stream.add_tap(session);
}

void Broker::welcome_publisher(Session& session, Stream& stream, uint32_t stock) {
    if (!session.spawned) {
        if (Status admitted = stream.admit_publisher(session); !admitted)
            return refuse(session, admitted.error(), &stream);
    }
    if (stock < 1 || stock > layout::kMaxStock) {
        return refuse(session,
                      Error{Code::invalid, 0,
                            fmt::format("a stock of {} slots: it may be 1 to {}", stock, layout::kMaxStock)},
                      &stream);
    }
    session.role = Session::Role::publisher;
    session.stock = stock;
    limit_unread_replies(session);
    session.deadline.off();
    if (!session.spawned) stream.set_publisher(session);
    wire::Welcome welcome = this->welcome();
    welcome.max_frame_bytes = stream.config().max_frame_bytes;
    if (!session.send(welcome)) end(session);
}

// ---- taps

void Broker::on_tap_message(Session& session, Type type) {
    TapSeat& seat = session.tap;
    if (type == Type::page_mapped) {
        wire::PageMapped mapped{};
        if (!datagram_.as(mapped) || seat.mapped) return drop(session, kOutOfTurn);
        if (Status sealed = seal_against_writers(seat.page_fd.get()); !sealed)
            return refuse(session, sealed.error());
        session.stream->seat_tap(session);
        session.deadline.off();
        client_log_.of(session.peer.uid)
            .log(spdlog::level::info, nullptr, session.stream->name(),
                 fmt::format("{}: tapped by process {} ({}) of user {}", session.stream->name(),
                             session.peer.pid, session.program, session.peer.uid));
        return;
    }
    if (!seat.mapped) return drop(session, kOutOfTurn);
    if (type == Type::sync) {
        wire::Sync sync{};
        if (!datagram_.as(sync)) return drop(session, kOutOfTurn);
        auto answer = wire::make<wire::Synced>();
        const int fd = session.stream->sync(session, sync.generation, answer);
        if (!session.send(answer, fd)) drop(session, Error{Code::limit, 0, "it doesn't read its replies"});
        return;
    }
    wire::Arm arm{};
    if (type != Type::arm || !datagram_.as(arm)) return drop(session, kOutOfTurn);
    session.stream->arm(session, arm);
}

// ---- publishers

void Broker::on_publisher_message(Session& session, Type type) {
    Stream* stream = session.stream;
    if (stream == nullptr) return end(session);
    if (type == Type::ask) {
        wire::Ask ask{};
        return datagram_.as(ask) ? answer(session, ask) : drop(session, kOutOfTurn);
    }
    if (type == Type::poke) {
        wire::Poke poke{};
        if (!datagram_.as(poke)) return drop(session, kOutOfTurn);
        if (Status taken = stream->take_in_published(); !taken)
            stream->publisher_broke_protocol(taken.error());
        return;
    }
    if (type == Type::report) {
        wire::Report report{};
        const bool known = datagram_.as(report) && report.message.terminated() &&
                           report.activity >= wire::Activity::opening &&
                           report.activity <= wire::Activity::failed;
        return known ? stream->report(report.activity, printable(report.message.view()))
                     : drop(session, kOutOfTurn);
    }
    if (type == Type::need) return on_need(session);
    wire::Mapped mapped{};
    if (type != Type::mapped || !datagram_.as(mapped)) return drop(session, kOutOfTurn);
    session.deadline.off();
    if (Status opened = stream->open_generation(mapped.generation); !opened)
        return drop(session, opened.error());
}

void Broker::on_need(Session& session) {
    wire::Need need{};
    if (!datagram_.as(need)) return drop(session, kOutOfTurn);
    Result<const Generation*> made = session.stream->make_generation(need.frame_bytes);
    if (!made) return turn_down(session, made.error());
    const Generation& generation = **made;
    auto segment = wire::make<wire::Segment>();
    segment.generation = generation.plan().number;
    segment.depth = generation.plan().depth;
    segment.geometry = wire::fields(generation.geometry());
    segment.first = generation.plan().first;
    segment.through = generation.plan().through;
    segment.counters = session.stream->counters();
    segment.copies = session.stream->copies();
    session.deadline.fire_at(monotonic_ns() + to_ns(context_.config.handshake_timeout));
    if (!session.send(segment, generation.memfd())) end(session);
}

// A publisher's request. It goes on with what it has, unless it had no right to ask.
void Broker::turn_down(Session& session, const Error& why) {
    if (why.code == Code::protocol) return session.stream->publisher_broke_protocol(why);
    log_limit_.log(spdlog::level::err, nullptr, session.stream->name(),
                   session.stream->name() + ": " + why.message);
    if (!session.send(refusal(why))) end(session);
}

void Broker::answer(Session& session, const wire::Ask& question) {
    auto seat = wire::make<wire::Seat>();
    const Result<int> page = session.stream->ask(question, seat);
    if (!page) return turn_down(session, page.error());
    if (session.send(seat, *page)) return;
    // With a descriptor it may be for others', of which too many are on their way; then it asks again
    const bool told =
        *page >= 0 && session.send(refusal(Error{Code::no_memory, 0, "a pin page can't be sent now"}));
    if (!told) drop(session, Error{Code::limit, 0, "it doesn't read its replies"});
}

// ---- control

void Broker::on_control_message(Session& session, Type type) {
    if (type == Type::list_streams) return list_streams(session);
    if (type == Type::list_taps) return list_taps(session);
    wire::Reload reload{};
    if (type != Type::reload || !datagram_.as(reload)) return drop(session, kOutOfTurn);
    if (session.peer.may_administer()) return hooks_.reload_wanted(session.id);
    auto verdict = wire::make<wire::Verdict>();
    verdict.code = static_cast<int32_t>(Code::not_allowed);
    verdict.message.set("only root and the user that camtapd runs as may have it reload its configuration");
    if (!session.send(verdict)) end(session);
}

// Sends as many records, from the wanted one on, as fit into a message behind `head`; `head` holds their
// count.
template <class Head, class Record>
static bool send_page(Session& session, Head head, const std::vector<Record>& records, uint32_t from) {
    alignas(8) std::byte bytes[wire::kMaxMessage];
    constexpr size_t kMost = (sizeof bytes - sizeof(Head)) / sizeof(Record);
    const size_t begin = std::min<size_t>(from, records.size());
    const size_t count = std::min(records.size() - begin, kMost);
    head.total = static_cast<uint32_t>(records.size());
    head.count = static_cast<uint32_t>(count);
    head.now_ns = monotonic_ns();
    head.header.bytes = static_cast<uint32_t>(sizeof(Head) + count * sizeof(Record));
    std::memcpy(bytes, &head, sizeof head);
    if (count > 0) std::memcpy(bytes + sizeof head, records.data() + begin, count * sizeof(Record));
    return send_bytes(session.socket.get(), bytes, head.header.bytes) != Sent::full;
}

template <class Message>
static bool names_a_stream(const Message& message, std::string& name) {
    name = std::string(message.stream.view());
    return message.stream.terminated();
}

void Broker::list_streams(Session& session) {
    wire::ListStreams list{};
    std::string name;
    if (!datagram_.as(list) || !names_a_stream(list, name)) return drop(session, kOutOfTurn);
    if (!name.empty() && find(name) == nullptr) return refuse(session, unknown_stream(printable(name)));
    std::vector<wire::StreamRecord> records;
    for (const auto& stream : streams_) {
        if (!name.empty() && stream->name() != name) continue;
        if (Status taken = stream->take_in_published(); !taken)
            stream->publisher_broke_protocol(taken.error());
        records.push_back(stream->record());
    }
    auto head = wire::make<wire::Streams>();
    head.instance = context_.instance;
    if (!send_page(session, head, records, list.from)) end(session);
}

static wire::TapRecord tap_record(const Session& session) {
    const auto relaxed = [](const layout::Word64& word) { return word.load(std::memory_order_relaxed); };
    const layout::PinPage& page = session.tap.words_page();
    wire::TapRecord r{};
    r.stream.set(session.stream->name());
    r.program.set(session.program);
    r.pid = session.peer.pid;
    r.uid = session.peer.uid;
    r.session = session.id;
    r.since_ns = session.tap.since_ns;
    for (const layout::Word64& word : session.tap.pins()) r.pins_held += relaxed(word) != 0 ? 1 : 0;
    r.dismissed = session.tap.dismissed ? 1 : 0;
    r.delivered = relaxed(page.delivered);
    r.source_gap = relaxed(page.source_gap);
    r.decode_error = relaxed(page.decode_error);
    r.no_slot = relaxed(page.no_slot);
    r.too_slow = relaxed(page.too_slow);
    r.skipped = relaxed(page.skipped);
    r.restart = relaxed(page.restart);
    r.last_sequence = relaxed(page.last_sequence);
    return r;
}

void Broker::list_taps(Session& session) {
    wire::ListTaps list{};
    std::string name;
    if (!datagram_.as(list) || !names_a_stream(list, name)) return drop(session, kOutOfTurn);
    if (!name.empty() && find(name) == nullptr) return refuse(session, unknown_stream(printable(name)));
    std::vector<wire::TapRecord> records;
    for (const auto& stream : streams_) {
        if (!name.empty() && stream->name() != name) continue;
        for (const Session* tap : stream->taps()) records.push_back(tap_record(*tap));
    }
    if (!send_page(session, wire::make<wire::Taps>(), records, list.from)) end(session);
}

}  // namespace camtap
