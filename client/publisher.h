// A publisher: fills slots, makes them frames, over every restart of the daemon.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/publisher_link.h"
#include "client/seats.h"
#include "client/writable_segment.h"

namespace camtap::client {

struct PublisherSettings {
    std::string socket_path;
    uint32_t stock = 2;
    int64_t attach_timeout_ns = 0;
    UniqueFd connection;
};

// Invariants: at most one `need` or one `ask` is unanswered; while one is asked no slot is retired. Segments that are
// over stay mapped as long as the caller holds slots of them, so that filling a slot never faults. Threads:
// one at a time. Blocking: open and acquire, up to their timeout.
class Publisher {
  public:
    static Result<std::unique_ptr<Publisher>> open(const std::string& stream, PublisherSettings settings);

    Result<camtap_slot> acquire(uint64_t bytes, int64_t timeout_ns);
    [[gnu::hot]] Result<uint64_t> publish(const camtap_slot& slot, const camtap_publish_info& info);
    void discard(const camtap_slot& slot);
    void count(camtap_count what, uint64_t n);
    Status report(wire::Activity activity, std::string_view text);

  private:
    Publisher(ProcessMark mark, const std::string& stream, PublisherSettings settings);

    Status attach(int64_t timeout_ns);

    void listen_now_and_then();
    void take_messages();
    void take_message(Datagram& datagram);
    Status take_segment(Datagram& datagram);
    Status take_seat(const Datagram& datagram);
    void take_refusal(const Datagram& datagram);
    // Slots and questions of a connection end with it.
    void notice_session() {
        const uint64_t session = link_.ready() ? link_.sessions() : 0;
        if (session != session_) [[unlikely]]
            begin_session(session);
    }
    [[gnu::cold]] void begin_session(uint64_t session);
    void retire_segment();

    Result<std::optional<camtap_slot>> try_acquire(uint64_t bytes, bool& recycled, bool at_once);
    bool recycle();
    void ask_for_seats();
    Error why_not() const;
    void send_need(uint64_t bytes);
    void send_ask();
    void send_report();

    WritableSegment* holder_of(const camtap_slot& slot) const;
    [[gnu::cold]] Error lost(const camtap_slot& slot);
    [[gnu::hot]] void describe(const camtap_publish_info& info, uint64_t bytes,
                               layout::FrameRecord& record) const;

    // ---- what publishing asks for, up to the first words of the link

    const ProcessMark mark_;
    std::unique_ptr<WritableSegment> segment_;
    layout::Counters counters_;  // cumulative; without a segment: since the last one
    uint64_t copies_ = 0;
    uint64_t session_ = 0;  // of the link, that segment and questions belong to
    PublisherLink link_;

    const std::string stream_;
    const uint32_t stock_;
    std::vector<std::unique_ptr<WritableSegment>> retired_;  // of which the caller still holds slots
    int64_t listened_at_ns_ = 0;
    Seats seats_;
    bool needing_ = false;  // until the segment is there, and open
    bool asking_ = false;
    bool learning_ = false;  // what is retired waits for the answer: whose pins are there?
    uint64_t target_ = 0;    // asking: until this change of seats is known; 0: until the first answer says
    uint64_t needed_bytes_ = 0;
    std::optional<Error> refused_;  // the answer to the last need or ask

    std::optional<wire::Report> report_;  // the last one, to be said again after a reconnection
};

}  // namespace camtap::client
