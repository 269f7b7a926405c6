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
    [[gnu::hot]] void notice_session();
    void retire_segment();

    Result<std::optional<camtap_slot>> try_acquire(uint64_t bytes, bool& recycled, bool at_once);
    bool recycle();
    void ask_for_seats();
    Error why_not() const;
    void send_need(uint64_t bytes);
    void send_ask();
    void send_report();

    [[gnu::hot]] WritableSegment* holder_of(const camtap_slot& slot) const;
    [[gnu::hot]] Result<camtap_image> checked_image(const camtap_image& image, uint64_t capacity) const;
    [[gnu::hot]] layout::FrameRecord record_of(const camtap_publish_info& info,
                                               const camtap_image& image) const;

    const ProcessMark mark_;
    const std::string stream_;
    const uint32_t stock_;
    PublisherLink link_;
    uint64_t session_ = 0;  // of the link, that all below belongs to

    std::unique_ptr<WritableSegment> segment_;
    std::vector<std::unique_ptr<WritableSegment>> retired_;  // of which the caller still holds slots
    int64_t listened_at_ns_ = 0;
    Seats seats_;
    bool needing_ = false;  // until the segment is there, and open
    bool asking_ = false;
    bool learning_ = false;  // what is retired waits for the answer: whose pins are there?
    uint64_t target_ = 0;    // asking: until this change of seats is known; 0: until the first answer says
    uint64_t needed_bytes_ = 0;
    std::optional<Error> refused_;  // the answer to the last need or ask

    layout::Counters counters_;  // cumulative; without a segment: since the last one
    uint64_t copies_ = 0;
    std::optional<wire::Report> report_;  // the last one, to be said again after a reconnection
};

}  // namespace camtap::client
