#include "tests/fuzz/hostile_daemon.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>

#include "common/check.h"

namespace camtap::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostSegments = 8;
constexpr size_t kMostRequests = 16;
constexpr size_t kMostPages = 8;
constexpr uint64_t kManyNumbers = 4096;  // a publisher asks for more before they are used up

// One listening socket serves all executions.
struct Listener {
    Listener() {
        std::string pattern = fs::temp_directory_path() / "camtap-fuzz-XXXXXX";
        CAMTAP_CHECK(mkdtemp(pattern.data()) != nullptr);
        directory = pattern;
        path = directory + "/camtap.sock";
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        CAMTAP_CHECK(path.size() < sizeof address.sun_path);
        path.copy(address.sun_path, path.size());
        socket.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        CAMTAP_CHECK(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        CAMTAP_CHECK(listen(socket.get(), 64) == 0);
    }
    ~Listener() {
        std::error_code ignored;
        fs::remove_all(directory, ignored);
    }
    std::string directory;
    std::string path;
    UniqueFd socket;
};

Listener& listener() {
    static Listener one;
    return one;
}

}  // namespace

HostileDaemon::HostileDaemon(Input& input) : input_(input) {
    (void)listener();
}

HostileDaemon::~HostileDaemon() {
    accept_all();
}

const char* HostileDaemon::socket_path() const {
    return listener().path.c_str();
}

int HostileDaemon::give_connection() {
    int ends[2];
    CAMTAP_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    socket_.reset(ends[0]);
    requests_.clear();
    return ends[1];
}

bool HostileDaemon::turn() {
    accept_all();
    hear();
    if (input_.used_up()) {
        hang_up();
        return false;
    }
    act();
    return true;
}

void HostileDaemon::accept_all() {
    for (;;) {
        UniqueFd socket(accept4(listener().socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket) return;
        socket_ = std::move(socket);
        requests_.clear();
    }
}

void HostileDaemon::hear() {
    while (socket_ && requests_.size() < kMostRequests) {
        auto datagram = std::make_unique<Datagram>();
        receive(socket_.get(), *datagram);
        if (datagram->kind == Datagram::Kind::nothing_yet) return;
        if (datagram->kind == Datagram::Kind::hang_up) return socket_.reset();
        CAMTAP_CHECK(datagram->kind ==
                     Datagram::Kind::message);  // the library speaks the protocol, whatever it hears
        requests_.push_back(std::move(datagram));
    }
}

void HostileDaemon::act() {
    switch (input_.below(16)) {
        case 0:
            return change_state();
        case 1:
            segments_.clear();
            (void)new_segment(take_geometry(input_));
            return change_state();
        case 2:
        case 3:
            if (!segments_.empty()) segments_.back()->publish(input_);
            return;
        case 4:
            if (!segments_.empty()) segments_.back()->scribble(input_);
            return;
        case 5:
            return send(wire::make<wire::Nudge>());
        case 6:
            return say_anything();
        case 7:
            return refuse(input_.flag() ? wire::Type::refused : wire::Type::dismissed);
        case 8:
            if (input_.flag()) return hang_up();
            if (socket_) ::shutdown(socket_.get(), static_cast<int>(input_.below(3)));
            return;
        case 9:
            instance_ = input_.about(instance_);
            return;
        case 10:  // an answer that nobody asked for
            return input_.below(8) == 0 ? answer_ask(input_.below(4)) : answer_need(input_.take<uint16_t>());
        case 11:
            return input_.flag() ? write_pins() : change_seat();
        default:
            return answer();
    }
}

void HostileDaemon::answer() {
    if (requests_.empty()) return;
    const std::unique_ptr<Datagram> request = std::move(requests_.front());
    requests_.pop_front();
    wire::Hello hello{};
    wire::Need need{};
    wire::Ask ask{};
    switch (request->type()) {
        case wire::Type::hello:
            CAMTAP_CHECK(request->as(hello));
            return greet(hello);
        case wire::Type::sync:
            return answer_sync();
        case wire::Type::arm:
            return send(wire::make<wire::Nudge>());
        case wire::Type::need:
            CAMTAP_CHECK(request->as(need));
            return answer_need(need.frame_bytes);
        case wire::Type::ask:
            CAMTAP_CHECK(request->as(ask));
            return answer_ask(ask.seating);
        case wire::Type::list_streams:
        case wire::Type::list_taps:
            return list(request->type());
        case wire::Type::reload:
            return verdict();
        default:
            return;  // needs no answer
    }
}

void HostileDaemon::greet(const wire::Hello& hello) {
    auto welcome = wire::make<wire::Welcome>();
    welcome.instance = instance_;
    welcome.max_pins = 1 + input_.below(4);
    welcome.major = wire::kMajor;
    welcome.max_frame_bytes = uint64_t{1} << 16;
    if (hello.role != wire::Role::tap) return send(welcome);
    page_ = std::move(*create_memfd("fuzzed-page", input_.below(16) == 0 ? 1 : layout::kPage));
    send(welcome, page_.get());
}

void HostileDaemon::answer_sync() {
    auto synced = wire::make<wire::Synced>();
    synced.state = state_;
    synced.reason.set(input_.below(8) == 0 ? input_.text(64) : "");
    synced.previous_last = wire::kStillOpen;
    int fd = -1;
    if (!segments_.empty()) {
        const HostileSegment& newest = *segments_.back();
        synced.generation = generation_;
        synced.geometry = wire::fields(newest.geometry());
        synced.first = newest.first();
        synced.previous_last = input_.about(newest.first() - 1);
        if (input_.below(4) != 0) fd = newest.memory().get();
    }
    send(synced, fd);
}

void HostileDaemon::answer_need(uint64_t bytes) {
    const bool small = bytes <= kMostSegmentBytes / 8;
    const auto honest = layout::Geometry::of(4, 4, small ? bytes : 1);
    const HostileSegment& newest = new_segment(input_.below(8) == 0 ? take_geometry(input_) : honest);
    auto segment = wire::make<wire::Segment>();
    segment.generation = generation_;
    segment.depth = generation_ % 4;
    segment.geometry = wire::fields(newest.geometry());
    segment.first = newest.first();
    segment.through = input_.about(newest.first() - 1 + kManyNumbers);
    send(segment, newest.memory().get());
}

// `seating`: what the publisher knows of.
void HostileDaemon::answer_ask(uint64_t seating) {
    auto seat = wire::make<wire::Seat>();
    const bool is_news = seating < seating_;
    seat.generation = generation_;
    seat.seating = input_.about(seating + (is_news ? 1 : 0));
    seat.newest = input_.about(seating_);
    seat.through = input_.about((segments_.empty() ? 0 : segments_.back()->first()) + kManyNumbers);
    seat.seat = input_.about(input_.below(4));
    const bool is_taken = input_.below(4) != 0;
    if (is_news ? !is_taken : input_.below(16) != 15) return send(seat);
    seat.words = input_.below(8) == 7 ? input_.take<uint32_t>() : 1 + input_.below(4);
    const uint64_t bytes = input_.below(16) == 15 ? 1 + input_.below(layout::kPage - 1) : layout::kPage;
    const UniqueFd page = std::move(*create_memfd("fuzzed-page", bytes));
    if (bytes == layout::kPage) {
        if (tap_pages_.size() == kMostPages) tap_pages_.pop_front();
        tap_pages_.push_back(std::move(*Mapping::map(page.get(), bytes, Mapping::Access::read_write)));
    }
    send(seat, page.get());
}

void HostileDaemon::change_seat() {
    seating_ = input_.about(seating_ + 1);
    if (!segments_.empty()) segments_.back()->note_seating(input_.about(seating_));
}

void HostileDaemon::write_pins() {
    if (tap_pages_.empty()) return;
    const Mapping& page = tap_pages_[input_.below(static_cast<uint32_t>(tap_pages_.size()))];
    const uint32_t slot = input_.flag() ? input_.below(4) : input_.take<uint32_t>();
    const uint64_t pin = layout::pin_value(input_.about(generation_), slot);
    reinterpret_cast<layout::PinPage*>(page.data())->pins[input_.below(4)].store(pin);
}

void HostileDaemon::list(wire::Type type) {
    alignas(8) std::byte bytes[wire::kMaxMessage] = {};
    const bool streams = type == wire::Type::list_streams;
    const size_t head = streams ? sizeof(wire::Streams) : sizeof(wire::Taps);
    const size_t record = streams ? sizeof(wire::StreamRecord) : sizeof(wire::TapRecord);
    const uint32_t count = input_.below(4);
    wire::Streams reply{};  // both begin in the same way
    reply.header.type = streams ? wire::Type::streams : wire::Type::taps;
    reply.header.bytes = static_cast<uint32_t>(head + count * record);
    reply.total = input_.about(count);
    reply.count = input_.about(count);
    std::memcpy(bytes, &reply, head);
    for (uint32_t i = 0; i < count; ++i) {
        std::byte* const at = bytes + head + i * record;
        if (input_.flag()) std::memset(at, input_.take<uint8_t>(), record);
        input_.spoil(at, record);
    }
    send_bytes(bytes, reply.header.bytes, -1);
}

void HostileDaemon::verdict() {
    auto verdict = wire::make<wire::Verdict>();
    verdict.code = -static_cast<int32_t>(input_.below(24));
    verdict.message.set(input_.text(64));
    send(verdict);
}

void HostileDaemon::change_state() {
    state_ = static_cast<wire::StreamState>(1 + input_.below(8));
    const bool superseded = input_.flag();
    for (const auto& segment : segments_) segment->announce(superseded && segment != segments_.back());
    if (input_.flag()) send(wire::make<wire::Nudge>());
}

void HostileDaemon::refuse(wire::Type type) {
    auto refused = wire::make<wire::Refused>();
    refused.header.type = type;
    refused.code = -static_cast<int32_t>(input_.below(24));
    refused.message.set(input_.text(64));
    if (!requests_.empty()) requests_.pop_front();
    send(refused);
}

void HostileDaemon::say_anything() {
    static constexpr wire::Type kTypes[] = {wire::Type::welcome, wire::Type::refused,   wire::Type::dismissed,
                                            wire::Type::synced,  wire::Type::nudge,     wire::Type::segment,
                                            wire::Type::seat,    wire::Type::configure, wire::Type::streams,
                                            wire::Type::taps,    wire::Type::verdict,   wire::Type::hello};
    alignas(8) std::byte bytes[2048] = {};
    const size_t length = 1 + input_.take<uint16_t>() % sizeof bytes;
    input_.fill(bytes, std::min<size_t>(length, 1 + input_.take<uint8_t>()));
    const wire::Header header{kTypes[input_.below(std::size(kTypes))], static_cast<uint32_t>(length)};
    if (input_.below(8) != 0 && length >= sizeof header) std::memcpy(bytes, &header, sizeof header);
    send_bytes(bytes, length, any_descriptor());
}

int HostileDaemon::any_descriptor() {
    switch (input_.below(4)) {
        case 0:
            return segments_.empty() ? -1 : segments_.front()->memory().get();
        case 1:
            return page_.get();
        case 2:
            return listener().socket.get();  // not memory at all
        default:
            return -1;
    }
}

void HostileDaemon::hang_up() {
    socket_.reset();
    requests_.clear();
}

void HostileDaemon::send_bytes(void* data, size_t bytes, int fd) {
    input_.spoil(data, bytes);
    if (input_.below(32) == 31) fd = any_descriptor();
    if (input_.below(64) == 63) bytes = std::max<size_t>(1, bytes - input_.below(16));
    if (socket_) (void)camtap::send_bytes(socket_.get(), data, bytes, fd);
}

HostileSegment& HostileDaemon::new_segment(const layout::Geometry& geometry) {
    if (segments_.size() == kMostSegments) segments_.pop_front();
    const uint64_t first = segments_.empty() ? 1 : segments_.back()->first() + 100;
    segments_.push_back(std::make_unique<HostileSegment>(geometry, input_.about(first), input_));
    segments_.back()->note_seating(seating_);
    generation_ = input_.about(generation_ + 1);
    return *segments_.back();
}

}  // namespace camtap::fuzz
