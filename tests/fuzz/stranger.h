// A client of the broker that says what the input wants it to say, and looks closely at what it gets for it:
// the daemon answers no more than it is asked, only in whole messages, and gives away nothing that could be
// misused.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "client/seats.h"
#include "client/slot_pool.h"
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

    // Of the newest change of seats that it knows of.
    uint64_t seating() const { return seats_.known(); }
    // Makes slots free, as a publisher of the library does. False: it has asked, and will when it is answered.
    bool recycle();
    // Publishes as it should, in a slot that is free. Empty: it has none, or no number.
    std::optional<uint32_t> publish();

    // As a tap that was told of a segment: the slot of the newest frame, if there is one and it can be pinned by `word`.
    std::optional<uint32_t> pin_newest(uint32_t word);

    static wire::Hello hello(wire::Role role, const std::string& stream, uint32_t stock);

  private:
    void take(Datagram& datagram);
    void take_welcome(const Datagram& datagram);
    void take_synced(const Datagram& datagram);
    void take_segment(const Datagram& datagram);
    void take_seat(const Datagram& datagram);
    void send_ask();
    void note_question(const void* data, size_t bytes);
    void look_at_pins();
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
    Mapping read_only_;  // tap
    layout::SegmentView seen_;
    struct Question {
        wire::Type type;  // need or ask
        uint32_t generation;
        uint64_t seating;
    };
    std::deque<Question> questions_;  // that weren't answered yet
    Mapping memory_;                  // publisher
    layout::SegmentView view_;
    std::optional<client::SlotPool> pool_;
    client::Seats seats_;
    bool asking_ = false;
    uint64_t target_ = 0;
    uint64_t next_ = 0;
    uint64_t through_ = 0;
    uint64_t newest_seating_ = 0;  // that it was told of
    bool lied_ = false;
};

}  // namespace camtap::fuzz
