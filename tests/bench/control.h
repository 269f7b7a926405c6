// What the bench tells a writer to do, and what it hears back.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>

namespace camtap::bench {

// Descriptors that a program of a peer begins with.
inline constexpr int kControlFd = 3;  // a seqpacket socket to the bench: the assignment, then orders
inline constexpr int kBoardFd = 4;    // the lane's Board
inline constexpr int kMemoryFd = 5;   // empty shared memory for peers that have none of their own

struct Order {
    enum class Kind : uint64_t {
        paced,     // one frame each `period_ns`
        flat_out,  // for `duration_ns`, as fast as can be
        bare       // flat out without stamps, to see what publishing costs when nobody looks
    };
    Kind kind = Kind::paced;
    uint64_t frames = 0;
    int64_t period_ns = 0;
    int64_t duration_ns = 0;
    uint64_t recorded = 0;
    uint64_t window = 0;  // flat out: so many frames at most that not every reader has had; 0: any number
};

struct Account {
    uint64_t frames = 0;  // published under this order
    uint64_t newest = 0;  // number of the last one
    int64_t elapsed_ns = 0;
    int64_t cpu_ns = 0;            // of all threads, without what pacing costs
    int64_t publish_call_ns = 0;   // bare: median time of the call that publishes
    uint64_t old_frames_held = 0;  // paced: at most, by readers, that weren't among the newest `depth`
};

// Both ends. Messages are taken whole or not at all.
template <class Message>
bool send_message(int socket, const Message& message) {
    return send(socket, &message, sizeof message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof message);
}
template <class Message>
bool receive_message(int socket, Message& message) {
    return recv(socket, &message, sizeof message, 0) == static_cast<ssize_t>(sizeof message);
}

}  // namespace camtap::bench
