// One connection to the broker, and the seat that it may have taken: as a tap, as a publisher, or just to
// ask.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "common/clock.h"
#include "common/layout.h"
#include "common/sealed_memory.h"
#include "common/seqpacket.h"
#include "common/wire.h"
#include "daemon/event_loop.h"
#include "daemon/peer.h"

namespace camtap {

class Stream;

// What the daemon knows of one tap. Owns: a read-only mapping of its pin page, locked in memory.
struct TapSeat {
    UniqueFd page_fd;
    Mapping page;
    uint32_t max_pins = 0;
    bool mapped = false;        // and sealed: it has a seat, and only from then on it is told of segments
    bool dismissed = false;     // heard no more, its pins are honoured until it hangs up or dies
    bool nudged = false;        // a nudge is on its way; the next one waits for its sync or arm
    bool nudge_owed = false;    // one couldn't be sent, for want of memory: to be tried again
    uint64_t seen_changes = 0;  // the stream's changes, at its last sync
    bool armed = false;
    uint32_t armed_generation = 0;
    uint64_t armed_sequence = 0;
    int64_t since_ns = 0;

    const layout::PinPage& words_page() const {
        return *reinterpret_cast<const layout::PinPage*>(page.data());
    }
    std::span<const layout::Word64> pins() const { return {words_page().pins, max_pins}; }
};

// A leaky bucket: `per_second` on average, and as many at once.
class RateLimit {
  public:
    bool take(uint32_t per_second) {
        const int64_t now = monotonic_ns();
        const double seconds = static_cast<double>(now - last_ns_) / static_cast<double>(kNsPerSecond);
        last_ns_ = now;
        taken_ -= seconds * per_second;
        if (taken_ < 0) taken_ = 0;
        if (taken_ + 1 > per_second) return false;
        taken_ += 1;
        return true;
    }

  private:
    int64_t last_ns_ = 0;
    double taken_ = 0;
};

// Owns: the socket, what waits for it, and its seat. Invariant: `stream` is set exactly while the stream
// knows of it.
struct Session {
    enum class Role { greeting, tap, publisher, control };

    uint64_t id = 0;
    UniqueFd socket;
    Peer peer;
    Role role = Role::greeting;
    bool spawned = false;  // the other end is a source that the daemon started
    bool closed = false;   // to be destroyed when the current event is done with
    std::string program;   // its own word, printable
    Stream* stream = nullptr;
    TapSeat tap;
    uint32_t stock = 0;  // publisher
    RateLimit requests;
    EventSource readable;
    EventSource death;
    EventSource deadline;

    // False: the peer doesn't read its messages. One that has hung up is no failure here: what it said before
    // is still to be read, and the hang-up is noticed after that.
    template <class Message>
    [[nodiscard]] bool send(const Message& message, int fd = -1) const {
        return send_message(socket.get(), message, fd) != Sent::full;
    }
};

}  // namespace camtap
