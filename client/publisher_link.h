// A publisher's connection to the daemon, made again when it breaks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "client/backoff.h"
#include "client/deadline.h"
#include "common/seqpacket.h"

namespace camtap::client {

// A state machine: detached → greeting (hello sent) → ready → detached … A link that was given its connection
// stays detached once that is lost. Threads: the publisher's. Blocking: only wait().
class PublisherLink {
  public:
    // `connection`: a socket that is connected already; empty: connects by itself.
    PublisherLink(std::string socket_path, std::string stream, uint32_t stock, UniqueFd connection);

    // One step without blocking: reconnects when it is time, greets, receives. The message that came for a
    // ready session; null: there is none more at the moment.
    Datagram* receive_next();

    // Until there is something to receive or to do, or `until_ns`.
    void wait(int64_t until_ns) const;

    template <class Message>
    Sent send(const Message& message) {
        const Sent sent = send_message(socket_.get(), message);
        if (sent == Sent::hang_up) lose(Error{Code::no_daemon, 0, "camtapd went away"});
        stuck_ = sent == Sent::full;
        return sent;
    }

    // Gives the connection up.
    void lose(Error error);

    bool detached() const { return phase_ == Phase::detached; }
    bool ready() const { return phase_ == Phase::ready; }
    bool reconnects() const { return !given_; }
    uint64_t sessions() const { return sessions_; }
    uint64_t max_frame_bytes() const { return max_frame_bytes_; }
    const Error& fault() const { return fault_; }

  private:
    enum class Phase { detached, greeting, ready };
    void connect();
    void greet(UniqueFd socket);
    Status take_welcome();
    int64_t due_ns() const;

    uint64_t sessions_ = 0;
    Phase phase_ = Phase::detached;
    const bool given_;
    const uint32_t stock_;
    const std::string socket_path_;
    const std::string stream_;

    UniqueFd socket_;
    Backoff backoff_;
    int64_t retry_at_ = 0;
    int64_t answer_by_ = 0;
    int64_t ready_at_ = 0;
    uint64_t max_frame_bytes_ = 0;
    bool stuck_ = false;  // the daemon didn't take the last message: to be tried again soon
    Error fault_;
    // apart, for it is as large as a message may be, and what a frame needs of the rest then shares few pages
    const std::unique_ptr<Datagram> datagram_ = std::make_unique<Datagram>();
};

}  // namespace camtap::client
