// A daemon in the hands of the input: it answers as it should, or nearly, or says anything at all.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "common/seqpacket.h"
#include "tests/fuzz/hostile_segment.h"
#include "tests/fuzz/input.h"

namespace camtap::fuzz {

// Serves one client at a time, the one that connected last. Threads: none; turn() is called while the client
// waits.
class HostileDaemon {
  public:
    explicit HostileDaemon(Input& input);
    ~HostileDaemon();
    HostileDaemon(const HostileDaemon&) = delete;
    HostileDaemon& operator=(const HostileDaemon&) = delete;

    const char* socket_path() const;
    // The client's end of a connection that was made for it, as a source that is started gets one.
    int give_connection();

    // One thing happens. False: the input is used up, everybody is hung up on, and nothing happens any more.
    bool turn();

  private:
    void accept_all();
    void hear();
    void act();
    void answer();
    void greet(const wire::Hello& hello);
    void answer_sync();
    void answer_need(uint64_t bytes);
    void answer_ask(uint64_t seating);
    void change_seat();
    void write_pins();
    void list(wire::Type type);
    void verdict();
    void change_state();
    void say_anything();
    void refuse(wire::Type type);
    void hang_up();
    void send_bytes(void* data, size_t bytes, int fd);
    template <class Message>
    void send(Message message, int fd = -1) {
        send_bytes(&message, sizeof message, fd);
    }
    int any_descriptor();
    HostileSegment& new_segment(const layout::Geometry& geometry);

    Input& input_;
    UniqueFd socket_;
    std::deque<std::unique_ptr<Datagram>> requests_;  // unanswered ones
    UniqueFd page_;
    std::deque<Mapping> tap_pages_;  // that the publisher was told of
    std::deque<std::unique_ptr<HostileSegment>> segments_;
    uint64_t instance_ = 1;
    uint32_t generation_ = 0;
    uint64_t seating_ = 0;  // changes of seats
    wire::StreamState state_ = wire::StreamState::live;
};

}  // namespace camtap::fuzz
