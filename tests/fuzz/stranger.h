// A client of the broker that says what the input wants it to say, and looks closely at what it gets for it:
// the daemon answers no more than it is asked, only in whole messages, and gives away nothing that could be
// misused.
#pragma once

#include <string>
#include <vector>

#include "common/sealed_memory.h"
#include "common/seqpacket.h"
#include "common/wire.h"

namespace camtap::fuzz {

class Stranger {
  public:
    explicit Stranger(const std::string& socket_path);

    bool connected() const { return static_cast<bool>(socket_); }
    int socket() const { return socket_.get(); }
    void hang_up() { socket_.reset(); }

    template <class Message>
    void send(const Message& message, int fd = -1) {
        send_bytes(&message, sizeof message, fd);
    }
    void send_bytes(const void* data, size_t bytes, int fd = -1);

    // Takes in and checks all that the daemon has sent.
    void hear();

    // What it has been given so far; all zeros: nothing yet.
    layout::PinPage* page() const { return reinterpret_cast<layout::PinPage*>(page_.data()); }
    const layout::SegmentView* segment() const { return memory_ ? &view_ : nullptr; }
    // To be written into without any right to: from then on it can't complain of what it gets.
    const layout::SegmentView* segment_to_spoil() {
        lied_ = true;
        return segment();
    }
    uint32_t generation() const { return generation_; }
    uint32_t max_pins() const { return max_pins_; }
    uint64_t next_sequence() const { return next_; }
    wire::StreamState state() const { return state_; }

    // Publishes as it should, in a slot that was granted to it. False: it has none.
    bool publish();
    size_t stock() const { return granted_.size(); }

    static wire::Hello hello(wire::Role role, const std::string& stream, uint32_t stock);

  private:
    void take(Datagram& datagram);
    void take_welcome(const Datagram& datagram);
    void take_synced(const Datagram& datagram);
    void take_segment(const Datagram& datagram);
    void take_granted(const Datagram& datagram);
    void take_list(const Datagram& datagram, size_t head, size_t record);

    UniqueFd socket_;
    uint64_t said_ = 0;   // messages
    uint64_t asked_ = 0;  // of these, those that allow a nudge
    uint64_t heard_ = 0;  // answers
    uint64_t nudges_ = 0;
    Mapping page_;
    uint32_t max_pins_ = 0;
    uint32_t generation_ = 0;
    wire::StreamState state_{};
    Mapping memory_;  // publisher
    layout::SegmentView view_;
    uint64_t next_ = 0;
    std::vector<uint32_t> granted_;
    bool lied_ = false;
};

}  // namespace camtap::fuzz
