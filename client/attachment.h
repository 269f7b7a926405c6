// A tap's tie to the daemon: it comes, goes, and comes back, and nobody above has to care.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "client/backoff.h"
#include "client/deadline.h"
#include "client/session.h"
#include "client/tap_segment.h"
#include "client/watch.h"
#include "common/seqpacket.h"

namespace camtap::client {

// A generation that the daemon announced, and the session in which it did: the daemon may be gone since.
struct Arrival {
    std::shared_ptr<const TapSegment> segment;
    std::shared_ptr<Session> session;
    uint64_t previous_last;  // of the generation before it; Timeline::kUnknownLast
};

// A state machine: detached (until retry_at_) → greeting (hello sent) → attached (pin page mapped) → detached
// … Invariants: the socket exists unless detached; at most one sync and one arm are unanswered. Threads: the
// tap's. Blocking: only wait(). Errors: never surface by themselves; fault() says why it isn't attached.
class Attachment {
  public:
    enum class Phase { detached, greeting, attached };

    Attachment(ProcessMark mark, std::string socket_path, std::string stream,
               std::shared_ptr<PinsClaimed> pins_claimed);
    ~Attachment();
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;

    // Reconnects when it is time, takes in what the daemon sent, asks when there is something to ask.
    // Stops early when a generation has arrived: take it in, say so, and pump again.
    void pump();
    const std::optional<Arrival>& arrival() const { return arrival_; }
    void arrival_taken() { arrival_.reset(); }

    // Until the daemon has something to say, or pump() something to do, or `until_ns`. A signal ends it
    // early.
    void wait(int64_t until_ns) const;

    Phase phase() const { return phase_; }
    // The daemon has told the stream's state in this session, and no newer state is on its way.
    bool knows_state() const { return phase_ == Phase::attached && told_ && !asking() && !news(); }
    bool told() const { return phase_ == Phase::attached && told_; }
    wire::StreamState stream_state() const { return stream_state_; }
    const std::string& stream_reason() const { return stream_reason_; }
    // Why it isn't attached, or wasn't the last time.
    const Error& fault() const { return fault_; }
    // Being refused in principle is no reason to hurry: afterwards it tries only once a second.
    void be_patient() { patient_ = true; }

    const std::shared_ptr<Session>& session() const { return session_; }
    // The newest generation that this run of the daemon announced to this tap; empty: none, or the daemon has
    // forgotten it, and nobody writes its words any more (the stream was removed, and is configured again).
    const std::shared_ptr<const TapSegment>& newest() const { return newest_; }
    uint64_t attachments() const { return attachments_; }

    // Words in the segment say that the daemon has news. In line: elsewhere it would be one more page for each frame.
    [[gnu::always_inline]] bool news() const {
        if (phase_ != Phase::attached || !newest_) return false;
        const layout::SegmentHeader& header = newest_->header();
        return header.changes.load(std::memory_order_acquire) != changes_seen_ ||
               (!superseded_seen_ && header.superseded.load(std::memory_order_acquire) != 0);
    }
    bool asking() const { return asked_ || sync_wanted_; }
    // Whatever happens now wakes those who sleep on newest()'s wake word; otherwise the socket has to be
    // watched.
    bool wakes_sleepers() const {
        return phase_ == Phase::attached && newest_ && !superseded_seen_ && !asking() && !news();
    }
    // When pump() has something to do by the clock; Deadline::kNever.
    int64_t due_ns() const;

    // One message as soon as there is a frame after `sequence` in newest(), or any other news. What can't be
    // sent now makes the watch readable a little later, so that the caller looks and arms again.
    void arm(uint64_t sequence);

    // The descriptor for an event loop, which from now on follows every connection.
    Result<int> watch();
    bool watched() const { return watch_.has_value(); }

  private:
    void advance(int64_t now);
    void connect(int64_t now);
    void drain(int64_t now);
    void take_message(int64_t now);
    void take_nudge();
    Status take_welcome(int64_t now);
    Status take_synced();
    Status map_announced(const wire::Synced& synced);
    void sync_if_due(int64_t now);
    void lose(Error error, int64_t now);
    int socket() const { return session_ ? session_->socket() : greeting_.get(); }

    const ProcessMark mark_;
    const std::string socket_path_;
    const std::string stream_;
    const std::shared_ptr<PinsClaimed> pins_claimed_;

    UniqueFd greeting_;  // the socket until it becomes the session's
    int64_t retry_at_ = 0;
    Backoff backoff_;
    int64_t answer_by_ = 0;
    int64_t attached_at_ = 0;
    bool patient_ = false;
    Error fault_;
    uint64_t attachments_ = 0;

    uint64_t instance_ = 0;
    uint32_t known_generation_ = 0;  // the last one announced by this run of the daemon, newest_ or forgotten
    std::optional<Arrival> arrival_;
    wire::StreamState stream_state_ = wire::StreamState::waiting;
    std::string stream_reason_;
    bool told_ = false;

    bool armed_ = false;
    bool arm_delayed_ = false;
    int64_t asked_at_ = 0;
    int64_t armed_at_ = 0;

    std::optional<Watch> watch_;
    // apart, for it is as large as a message may be, and what a frame needs of the rest then shares few pages
    const std::unique_ptr<Datagram> datagram_ = std::make_unique<Datagram>();

    // ---- what a tap asks after each sleep lies together

    Phase phase_ = Phase::detached;
    bool sync_wanted_ = false;
    bool asked_ = false;  // a sync is unanswered
    bool superseded_seen_ = false;
    uint32_t changes_seen_ = 0;  // in newest_, when the last sync was sent
    std::shared_ptr<const TapSegment> newest_;
    std::shared_ptr<Session> session_;
};

// Refused in principle: the daemon is there, and doesn't want this tap.
bool is_unwelcome(Code code);

}  // namespace camtap::client
