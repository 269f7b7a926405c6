#include "client/attachment.h"

#include <errno.h>
#include <poll.h>

#include <algorithm>
#include <new>

#include "client/greeting.h"

// Of AddressSanitizer, if the program runs under it, however the library was built.
extern "C" [[gnu::weak, gnu::visibility("default")]] void __asan_init();

namespace camtap::client {
namespace {

constexpr int64_t kPatientDelay = 1 * kNsPerSecond;
constexpr int64_t kAnswerTime = 5 * kNsPerSecond;
constexpr int64_t kResendDelay = 10 * kNsPerMs;
// A publisher can write the words that say "news": it must not make its readers flood the daemon.
constexpr int64_t kHintInterval = 5 * kNsPerMs;
// Nor must a program with an event loop, however fast its camera: the daemon dismisses those who ask too
// often.
constexpr int64_t kArmInterval = 1 * kNsPerMs;

Session::Keeping keeping() {
    return &__asan_init == nullptr ? Session::Keeping::one_frame : Session::Keeping::none;
}

Error broke_protocol(const char* what) {
    return Error{Code::protocol, 0, std::string("camtapd broke the protocol: ") + what};
}

}  // namespace

bool is_unwelcome(Code code) {
    return code == Code::not_allowed || code == Code::unknown_stream || code == Code::gone ||
           code == Code::version;
}

Attachment::Attachment(ProcessMark mark, std::string socket_path, std::string stream,
                       std::shared_ptr<PinsClaimed> pins_claimed)
    : mark_(mark),
      socket_path_(std::move(socket_path)),
      stream_(std::move(stream)),
      pins_claimed_(std::move(pins_claimed)) {}

Attachment::~Attachment() {
    // frames may keep the socket open: it must not wake anybody any more
    if (mark_.here() && watch_ && phase_ != Phase::detached) watch_->remove(socket());
    if (session_) session_->keep_no_more();
}

void Attachment::pump() {
    const int64_t now = monotonic_ns();
    arm_delayed_ = false;  // the caller is looking now
    try {
        advance(now);
    } catch (const std::bad_alloc&) {  // a message may be taken in by half: another session begins anew
        lose(Error{Code::no_memory, 0, "out of memory"}, now);
    }
    if (watch_) {
        const int64_t due = due_ns();
        watch_->wake_at(due == Deadline::kNever ? 0 : std::max<int64_t>(due, 1), now);
    }
}

void Attachment::advance(int64_t now) {
    if (phase_ == Phase::detached && now >= retry_at_) connect(now);
    if (phase_ != Phase::detached) drain(now);
    if (phase_ == Phase::greeting && now >= answer_by_) {
        lose(Error{Code::timeout, 0, "camtapd at " + socket_path_ + " doesn't answer"}, now);
    }
    if (phase_ == Phase::attached) sync_if_due(now);
}

void Attachment::wait(int64_t until_ns) const {
    const int64_t until = std::min(until_ns, due_ns());
    const int64_t now = monotonic_ns();
    if (until <= now) return;
    pollfd entry{socket(), POLLIN, 0};
    const timespec left = to_timespec(until - now);
    ppoll(&entry, phase_ == Phase::detached ? 0 : 1, until == Deadline::kNever ? nullptr : &left, nullptr);
}

int64_t Attachment::due_ns() const {
    switch (phase_) {
        case Phase::detached:
            return retry_at_;
        case Phase::greeting:
            return answer_by_;
        case Phase::attached:
            break;
    }
    int64_t due = Deadline::kNever;
    if (sync_wanted_) due = asked_at_ + kResendDelay;
    if (news() && !asked_) due = std::min(due, asked_at_ + kHintInterval);
    if (arm_delayed_) due = std::min(due, armed_at_ + kArmInterval);
    return due;
}

void Attachment::connect(int64_t now) {
    Result<UniqueFd> socket = connect_to(socket_path_);
    if (!socket.ok()) return lose(socket.error(), now);
    greeting_ = std::move(*socket);
    phase_ = Phase::greeting;
    answer_by_ = now + kAnswerTime;
    if (watch_) {
        if (Status added = watch_->add(greeting_.get()); !added.ok()) return lose(added.error(), now);
    }
    if (send_message(greeting_.get(), hello(wire::Role::tap, stream_, 0)) != Sent::yes) {
        lose(Error{Code::no_daemon, 0, "camtapd at " + socket_path_ + " hung up"}, now);
    }
}

void Attachment::lose(Error error, int64_t now) {
    if (watch_ && phase_ != Phase::detached) watch_->remove(socket());
    if (phase_ == Phase::attached && now - attached_at_ >= kLastedNs) backoff_.reset();
    const bool slow = patient_ && (is_unwelcome(error.code) || error.code == Code::limit);
    retry_at_ = now + (slow ? kPatientDelay : backoff_.next_ns());
    phase_ = Phase::detached;
    fault_ = std::move(error);
    if (session_) session_->keep_no_more();
    // its socket stays open as long as frames, or generations not drained yet, need its pins
    session_.reset();
    greeting_.reset();
    told_ = sync_wanted_ = asked_ = armed_ = arm_delayed_ = false;
}

void Attachment::drain(int64_t now) {
    while (phase_ != Phase::detached && !arrival_) {
        receive(socket(), *datagram_);
        if (datagram_->kind == Datagram::Kind::nothing_yet) return;
        take_message(now);
    }
}

void Attachment::take_message(int64_t now) {
    Status taken = Done{};
    const bool message = datagram_->kind == Datagram::Kind::message;
    if (message && phase_ == Phase::greeting && datagram_->type() == wire::Type::welcome) {
        taken = take_welcome(now);
    } else if (message && phase_ == Phase::attached && datagram_->type() == wire::Type::synced) {
        taken = take_synced();
    } else if (wire::Nudge nudge{}; message && phase_ == Phase::attached && datagram_->as(nudge)) {
        take_nudge();
    } else {
        taken = ending(*datagram_);
    }
    if (!taken.ok()) lose(taken.error(), now);
}

Status Attachment::take_welcome(int64_t now) {
    wire::Welcome welcome{};
    if (!datagram_->as(welcome)) return broke_protocol("a welcome of another length");
    if (Status version = check_welcome(welcome); !version.ok()) return version;
    if (!datagram_->fd || welcome.max_pins < 1 || welcome.max_pins > layout::kMaxPinWords) {
        return broke_protocol("a welcome without a usable pin page");
    }
    Result<Mapping> page = Mapping::map(datagram_->fd.get(), layout::kPage, Mapping::Access::read_write);
    if (!page.ok()) return page.error();
    if (send_message(greeting_.get(), wire::make<wire::PageMapped>()) != Sent::yes) {
        return Error{Code::no_daemon, 0, "camtapd went away"};
    }
    session_ = std::make_shared<Session>(std::move(greeting_), LocalMapping(mark_, std::move(*page)),
                                         welcome.max_pins, welcome.instance, pins_claimed_, keeping());
    if (welcome.instance != instance_) {  // generations of another daemon mean nothing to this one
        newest_.reset();
        known_generation_ = 0;
    }
    instance_ = welcome.instance;
    phase_ = Phase::attached;
    attached_at_ = now;
    sync_wanted_ = true;
    ++attachments_;
    return Done{};
}

void Attachment::take_nudge() {
    // One that an arm asked for may be about a frame, and then there is nothing to ask. A change of state
    // shows in the words of the newest segment (news()); one that isn't ours tells us nothing.
    if (!armed_ || !newest_ || superseded_seen_) sync_wanted_ = true;
    armed_ = false;
}

Status Attachment::take_synced() {
    wire::Synced synced{};
    if (!asked_ || !datagram_->as(synced)) return broke_protocol("an answer that nobody asked for");
    const auto state = static_cast<uint32_t>(synced.state);
    if (state < static_cast<uint32_t>(wire::StreamState::waiting) ||
        state > static_cast<uint32_t>(wire::StreamState::gone) || !synced.reason.terminated()) {
        return broke_protocol("a state that doesn't exist");
    }
    const bool another = synced.generation != 0 && synced.generation != known_generation_;
    if (another != static_cast<bool>(datagram_->fd)) return broke_protocol("a generation without memory");
    if (another) {
        if (Status mapped = map_announced(synced); !mapped.ok()) return mapped;
    }
    if (synced.generation == 0) newest_.reset();
    asked_ = false;
    told_ = true;
    stream_state_ = synced.state;
    stream_reason_ = std::string(synced.reason.view());
    return Done{};
}

Status Attachment::map_announced(const wire::Synced& synced) {
    const SegmentTerms terms{instance_, synced.first, synced.generation, wire::geometry(synced.geometry)};
    Result<std::shared_ptr<const TapSegment>> segment = TapSegment::open(mark_, terms, datagram_->fd);
    if (!segment.ok()) return segment.error();
    // 0: the daemon doesn't remember how the generation before ended (kStillOpen is kUnknownLast already)
    const bool closed = known_generation_ != 0 && synced.previous_last != 0;
    arrival_ = Arrival{*segment, session_, closed ? synced.previous_last : wire::kStillOpen};
    newest_ = *segment;
    known_generation_ = terms.generation;
    // From 0, not from what it says now: what has changed since the daemon answered must not be missed.
    changes_seen_ = 0;
    superseded_seen_ = false;
    return Done{};
}

void Attachment::sync_if_due(int64_t now) {
    if (asked_ || !(sync_wanted_ || (news() && now - asked_at_ >= kHintInterval))) return;
    auto sync = wire::make<wire::Sync>();
    sync.generation = known_generation_;
    asked_at_ = now;
    if (newest_) {
        const layout::SegmentHeader& header = newest_->header();
        changes_seen_ = header.changes.load(std::memory_order_acquire);
        superseded_seen_ = header.superseded.load(std::memory_order_acquire) != 0;
    }
    const Sent sent = send_message(session_->socket(), sync);
    sync_wanted_ = sent == Sent::full;  // then again later
    asked_ = sent == Sent::yes;
    if (sent == Sent::hang_up) lose(Error{Code::no_daemon, 0, "camtapd went away"}, now);
}

void Attachment::arm(uint64_t sequence) {
    if (phase_ != Phase::attached || armed_) return;
    const int64_t now = monotonic_ns();
    auto arm = wire::make<wire::Arm>();
    arm.generation = newest_ ? newest_->terms().generation : 0;
    arm.sequence = newest_ ? sequence : 0;
    const bool too_soon = now - armed_at_ < kArmInterval;
    const Sent sent = too_soon ? Sent::full : send_message(session_->socket(), arm);
    armed_ = sent == Sent::yes;
    arm_delayed_ = sent == Sent::full;
    if (!too_soon) armed_at_ = now;
    if (sent == Sent::hang_up) lose(Error{Code::no_daemon, 0, "camtapd went away"}, now);
    if (!armed_ && watch_) watch_->wake_at(due_ns(), now);
}

Result<int> Attachment::watch() {
    if (!watch_) {
        Result<Watch> watch = Watch::open();
        if (!watch.ok()) return watch.error();
        if (phase_ != Phase::detached) {
            if (Status added = watch->add(socket()); !added.ok()) return added.error();
        }
        watch_.emplace(std::move(*watch));
    }
    return watch_->fd();
}

}  // namespace camtap::client
