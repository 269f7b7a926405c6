#include "client/publisher_link.h"

#include <fcntl.h>
#include <poll.h>

#include "client/greeting.h"

namespace camtap::client {

constexpr int64_t kAnswerTime = 5 * kNsPerSecond;
constexpr int64_t kResendDelay = 10 * kNsPerMs;

PublisherLink::PublisherLink(std::string socket_path, std::string stream, uint32_t stock, UniqueFd connection)
    : given_(static_cast<bool>(connection)),
      stock_(stock),
      socket_path_(std::move(socket_path)),
      stream_(std::move(stream)) {
    if (!given_) return;
    fcntl(connection.get(), F_SETFD, FD_CLOEXEC);
    greet(std::move(connection));
}

Datagram* PublisherLink::receive_next() {
    const int64_t now = monotonic_ns();
    if (phase_ == Phase::detached && !given_ && now >= retry_at_) connect();
    while (phase_ != Phase::detached) {
        receive(socket_.get(), *datagram_);
        if (datagram_->kind == Datagram::Kind::nothing_yet) break;
        const bool message = datagram_->kind == Datagram::Kind::message;
        const wire::Type type = message ? datagram_->type() : wire::Type::hello;
        const bool ends = !message || type == wire::Type::dismissed;
        if (phase_ == Phase::ready && !ends) return datagram_.get();
        Status taken = Done{};
        if (phase_ == Phase::greeting && type == wire::Type::welcome) {
            taken = take_welcome();
        } else {
            taken = ending(*datagram_);
        }
        if (!taken.ok()) lose(taken.error());
    }
    if (phase_ == Phase::greeting && now >= answer_by_) {
        lose(Error{Code::timeout, 0, "camtapd at " + socket_path_ + " doesn't answer"});
    }
    return nullptr;
}

void PublisherLink::connect() {
    Result<UniqueFd> socket = connect_to(socket_path_);
    if (!socket.ok()) return lose(socket.error());
    greet(std::move(*socket));
}

void PublisherLink::greet(UniqueFd socket) {
    socket_ = std::move(socket);
    phase_ = Phase::greeting;
    answer_by_ = monotonic_ns() + kAnswerTime;
    if (send_message(socket_.get(), hello(wire::Role::publisher, stream_, stock_)) != Sent::yes) {
        lose(Error{Code::no_daemon, 0, "camtapd at " + socket_path_ + " hung up"});
    }
}

Status PublisherLink::take_welcome() {
    wire::Welcome welcome{};
    if (!datagram_->as(welcome)) return Error{Code::protocol, 0, "camtapd sent a welcome of another length"};
    if (Status version = check_welcome(welcome); !version.ok()) return version;
    max_frame_bytes_ = welcome.max_frame_bytes;
    phase_ = Phase::ready;
    ready_at_ = monotonic_ns();
    ++sessions_;
    return Done{};
}

void PublisherLink::lose(Error error) {
    const int64_t now = monotonic_ns();
    if (phase_ == Phase::ready && now - ready_at_ >= kLastedNs) backoff_.reset();
    retry_at_ = now + backoff_.next_ns();
    phase_ = Phase::detached;
    fault_ = std::move(error);
    // Want of memory passes; a given connection that is lost for it doesn't come back
    if (given_ && fault_.code == Code::no_memory) fault_.code = Code::no_daemon;
    socket_.reset();
    stuck_ = false;
}

int64_t PublisherLink::due_ns() const {
    if (phase_ == Phase::detached) return given_ ? Deadline::kNever : retry_at_;
    if (phase_ == Phase::greeting) return answer_by_;
    return stuck_ ? monotonic_ns() + kResendDelay : Deadline::kNever;
}

void PublisherLink::wait(int64_t until_ns) const {
    const int64_t until = std::min(until_ns, due_ns());
    const int64_t now = monotonic_ns();
    if (until <= now) return;
    pollfd entry{socket_.get(), POLLIN, 0};
    const timespec left = to_timespec(until - now);
    ppoll(&entry, socket_ ? 1 : 0, until == Deadline::kNever ? nullptr : &left, nullptr);
}

}  // namespace camtap::client
