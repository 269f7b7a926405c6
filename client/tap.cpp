#include "client/tap.h"

#include <algorithm>

#include "client/deadline.h"
#include "client/greeting.h"
#include "client/text.h"
#include "common/futex.h"

namespace camtap::client {
namespace {

// A daemon that dies wakes nobody, so sleep is cut into slices, after each of which the socket is looked at.
constexpr int64_t kSlice = 100 * kNsPerMs;       // after a frame; doubling …
constexpr int64_t kSliceMax = 1 * kNsPerSecond;  // … up to this
constexpr int64_t kAnswerTime = 5 * kNsPerSecond;
// How often the wake word is looked at before a sleep, if the last frame came without one: 1 to 2 µs on the machine of
// tests/RESULTS.md, less than to fall asleep and be woken takes. When it was introduced, one reader, nobody pausing, got
// 550,000 frames/s by that instead of 360,000.
constexpr int kSpins = 30;
// While an answer is on its way the socket is what is slept on; frames are looked for in between.
constexpr int64_t kGlance = 10 * kNsPerMs;

bool too_old(int64_t capture_ns, int64_t max_age_ns) {
    if (max_age_ns <= 0) return false;
    const int64_t now = monotonic_ns();
    if (capture_ns >= now) return false;  // a capture time in the future is no age
    return static_cast<uint64_t>(now) - static_cast<uint64_t>(capture_ns) > static_cast<uint64_t>(max_age_ns);
}

// Tells the processor that this is a loop that waits.
void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

bool changes_at_once(const layout::Word32& word, uint32_t from) {
    for (int left = kSpins; left > 0; --left) {
        if (word.load(std::memory_order_relaxed) != from) return true;
        relax();
    }
    return false;
}

bool is_waited_out(Code code) {
    return code == Code::no_daemon || code == Code::unknown_stream || code == Code::timeout ||
           code == Code::protocol;
}

}  // namespace

Result<std::unique_ptr<Tap>> Tap::open(const std::string& stream, const TapSettings& settings) {
    if (Status name = check_stream_name(stream); !name.ok()) return name.error();
    const Result<ProcessMark> mark = ProcessMark::current();
    if (!mark.ok()) return mark.error();
    std::unique_ptr<Tap> tap(new Tap(*mark, stream, settings, std::make_shared<FramesHeld>(0)));
    if (Status attached = tap->attach(settings.attach_timeout_ns); !attached.ok()) return attached.error();
    return tap;
}

Tap::Tap(ProcessMark mark, const std::string& stream, const TapSettings& settings,
         std::shared_ptr<FramesHeld> held)
    : mark_(mark),
      stream_(stream),
      start_oldest_(settings.start_oldest),
      held_(std::move(held)),
      attachment_(mark, settings.socket_path, stream, held_),
      slice_ns_(kSlice) {}

Status Tap::attach(int64_t timeout_ns) {
    const Deadline deadline(timeout_ns == 0 ? kAnswerTime : timeout_ns);
    for (;;) {
        refresh();
        if (attachment_.told()) break;
        const bool detached = attachment_.phase() == Attachment::Phase::detached;
        const bool final = timeout_ns == 0 || !is_waited_out(attachment_.fault().code);
        if (detached && (final || deadline.passed())) return attachment_.fault();
        if (deadline.passed())
            return Error{Code::timeout, 0, "camtapd doesn't answer about '" + stream_ + "'"};
        attachment_.wait(deadline.at_ns());
    }
    attachment_.be_patient();
    return Done{};
}

Result<FramePtr> Tap::next(int64_t timeout_ns) {
    return wait_for(Want{}, timeout_ns);
}

Result<FramePtr> Tap::latest(int64_t timeout_ns, int64_t max_age_ns) {
    const Want want{true, max_age_ns};
    return timeout_ns == 0 ? take_or_arm(want) : wait_for(want, timeout_ns);
}

Result<FramePtr> Tap::try_next() {
    return take_or_arm(Want{});
}

// Without waiting; if there is nothing, the descriptor will say when there is.
Result<FramePtr> Tap::take_or_arm(const Want& want) {
    if (Status may = may_take(); !may.ok()) return may.error();
    const auto settles_it = [](const Result<FramePtr>& found) {
        return found.ok() ? *found != nullptr : found.error().code == Code::malformed;
    };
    Result<FramePtr> found = look(want);
    if (!settles_it(found) && attachment_.watched()) {
        refresh();  // takes the message off the socket that made the descriptor readable
        found = look(want);
        if (!settles_it(found)) arm();
    }
    return or_why_not(std::move(found));
}

void Tap::arm() {
    if (const auto& newest = attachment_.newest()) {
        const uint64_t passed = timeline_.passed_in(newest->terms().generation, newest->terms().instance);
        attachment_.arm(std::max(passed, too_old_));
    } else {
        attachment_.arm(0);
    }
}

Status Tap::may_take() const {
    if (!mark_.here()) return forked_error("tap");
    if (held_->load(std::memory_order_acquire) < max_pins_) return Done{};
    return Error{Code::too_many_frames, 0,
                 "this program holds " + std::to_string(max_pins_) + " frames of '" + stream_ +
                     "', as many as the stream's max_pins allows; release one first"};
}

Result<FramePtr> Tap::wait_for(const Want& want, int64_t timeout_ns) {
    if (Status may = may_take(); !may.ok()) return may.error();
    const Deadline deadline(timeout_ns);
    for (bool slept = false;; slept = true) {
        // before looking, so that a frame that comes after the look keeps us from sleeping
        const uint64_t generation_seen = generations_;
        const uint32_t wake_seen = wake_word();
        Result<FramePtr> found = look(want, slept);
        if (!found.ok() || *found) return found;
        if (deadline.passed()) return or_why_not(std::move(found));
        sleep(generation_seen, wake_seen, deadline.at_ns());
    }
}

// One look without waiting. Null: there is none yet, and one may come. (Not an error with its words, which before each
// sleep would cost more than the look.)
Result<FramePtr> Tap::look(const Want& want, bool slept) {
    if (should_refresh(slept)) refresh();
    Result<FramePtr> taken = take(want);
    if (!taken.ok() || *taken) [[likely]]
        return taken;
    // What the daemon says came before this look, so a stream that has ended had no more frames.
    if (Status more = more_may_come(); !more.ok()) return more.error();
    return taken;
}

Result<FramePtr> Tap::take(const Want& want) {
    only_too_old_ = false;
    if (!blank_) prepare_frame();        // before anything is booked: running out of memory changes nothing
    FramePtr frame = std::move(blank_);  // its pin ends with it, whatever comes
    Pinned& pinned = frame->pinned;
    const Result<bool> found = want.newest ? timeline_.newest(pinned) : timeline_.next(pinned);
    if (!found.ok()) return found.error();
    if (!*found) [[unlikely]] {
        blank_ = std::move(frame);
        return FramePtr();
    }
    camtap_frame_info& info = frame->info;
    const Result<layout::Counters> counters = describe(pinned, info);
    if (!counters.ok()) {
        timeline_.pass(pinned);
        return counters.error();
    }
    if (too_old(info.capture_ns, want.max_age_ns)) [[unlikely]] {
        too_old_ = info.sequence;
        only_too_old_ = true;
        return FramePtr();
    }
    frame->data = pinned.segment->payload(pinned.slot);
    info.missed = ledger_.deliver(*counters, timeline_.deliver(pinned, want.newest));
    last_sequence_ = info.sequence;
    came_without_sleep_ = !slept_;
    slept_ = false;
    slice_ns_ = kSlice;
    show_ledger();
    return frame;
}

Result<FramePtr> Tap::or_why_not(Result<FramePtr> found) const {
    if (!found.ok() || *found) return found;
    if (only_too_old_) return Error{Code::stale, 0, "no frame came that is as young as asked"};
    return Error{Code::timeout, 0, "no new frame within the timeout"};
}

void Tap::prepare_frame() {
    blank_.reset(new camtap_frame{{}, nullptr, mark_, {}});
    timeline_.prepare(blank_->pinned);
}

void Tap::show_ledger() {
    if (!attachment_.session()) return;
    layout::PinPage& page = attachment_.session()->page();
    const camtap_missed& missed = ledger_.missed();
    page.delivered.store(ledger_.delivered(), std::memory_order_relaxed);
    page.source_gap.store(missed.source_gap, std::memory_order_relaxed);
    page.decode_error.store(missed.decode_error, std::memory_order_relaxed);
    page.no_slot.store(missed.no_slot, std::memory_order_relaxed);
    page.too_slow.store(missed.too_slow, std::memory_order_relaxed);
    page.skipped.store(missed.skipped, std::memory_order_relaxed);
    page.restart.store(missed.restart, std::memory_order_relaxed);
    page.last_sequence.store(last_sequence_, std::memory_order_relaxed);
}

Status Tap::more_may_come() const {
    if (attachment_.knows_state()) {
        if (attachment_.stream_state() == wire::StreamState::ended) {
            return Error{Code::ended, 0, "'" + stream_ + "' is at its end"};
        }
        if (attachment_.stream_state() == wire::StreamState::gone) {
            return Error{Code::gone, 0, "'" + stream_ + "' is not configured any more"};
        }
    } else if (attachment_.phase() != Attachment::Phase::attached && is_unwelcome(attachment_.fault().code)) {
        Error fault = attachment_.fault();
        if (fault.code == Code::unknown_stream) fault.code = Code::gone;
        return fault;
    }
    return Done{};
}

// After a sleep somebody waits for the frame that ended it: sleep() has looked at the clock.
bool Tap::should_refresh(bool slept) const {
    if (!attachment_.wakes_sleepers() || refresh_at_ == 0) return true;
    return !slept && coarse_monotonic_ns() >= refresh_at_;
}

void Tap::refresh() {
    refresh_at_ = monotonic_ns() + kSlice;
    bool arrived = true;
    while (arrived) {
        attachment_.pump();
        if (attachment_.session() && adopted_ != attachment_.attachments()) {
            adopted_ = attachment_.attachments();
            max_pins_ = attachment_.session()->words();
            show_ledger();
        }
        if (attachment_.told()) timeline_.thaw();
        const std::optional<Arrival>& arrival = attachment_.arrival();
        arrived = arrival.has_value();
        if (!arrived && attachment_.told() && timeline_.adopt(attachment_.newest(), attachment_.session()))
            blank_.reset();  // it kept the session before alive
        if (arrived) {
            const bool from_newest = generations_ == 0 && !start_oldest_;
            timeline_.add(arrival->segment, arrival->session, arrival->previous_last, from_newest);
            blank_.reset();
            attachment_.arrival_taken();  // not before: adding it may fail for want of memory
            ++generations_;
        }
    }
    if (!attachment_.told() && is_unwelcome(attachment_.fault().code)) timeline_.freeze();
}

uint32_t Tap::wake_word() const {
    const auto& newest = attachment_.newest();
    return newest ? newest->header().wake.load(std::memory_order_acquire) : 0;
}

void Tap::await_daemon(int64_t until_ns) {
    const bool frames_may_come = attachment_.phase() == Attachment::Phase::attached && attachment_.newest();
    slept_ = true;
    const int64_t glance = monotonic_ns() + kGlance;
    attachment_.wait(frames_may_come ? std::min(until_ns, glance) : until_ns);
}

void Tap::sleep(uint64_t generation_seen, uint32_t wake_seen, int64_t until_ns) {
    if (generation_seen != generations_) return;  // `wake_seen` is another segment's
    if (!attachment_.wakes_sleepers()) return await_daemon(until_ns);
    const int64_t start = monotonic_ns();
    if (start >= refresh_at_) {  // woken again and again, for nothing, it would never come to it
        refresh_at_ = 0;
        return;
    }
    if (!blank_) prepare_frame();
    const layout::Word32& wake = attachment_.newest()->header().wake;
    if (came_without_sleep_ && changes_at_once(wake, wake_seen)) return;
    slept_ = true;
    const int64_t slice = std::min(until_ns - start, slice_ns_);
    const bool timed_out = futex_wait(wake, wake_seen, slice);
    if (!timed_out || slice < slice_ns_) return;
    slice_ns_ = std::min(2 * slice_ns_, kSliceMax);
    refresh_at_ = 0;
}

Result<int> Tap::fd() {
    if (!mark_.here()) return forked_error("tap");
    const bool first = !attachment_.watched();
    Result<int> fd = attachment_.watch();
    if (!fd.ok() || !first) return fd;
    refresh();
    const auto& newest = attachment_.newest();
    // so that it is readable at once if there are frames already
    attachment_.arm(newest ? timeline_.passed_in(newest->terms().generation, newest->terms().instance) : 0);
    return fd;
}

camtap_tap_state Tap::state(std::string& reason) const {
    const bool had_a_frame = ledger_.delivered() > 0;
    if (!attachment_.told()) {
        reason = attachment_.fault().message;
        const Code code = attachment_.fault().code;
        if (code == Code::gone || code == Code::unknown_stream) return CAMTAP_GONE;
        if (code == Code::not_allowed || code == Code::version) return CAMTAP_OFFLINE;
        return CAMTAP_RESTARTING;
    }
    reason = attachment_.stream_reason();
    switch (attachment_.stream_state()) {
        case wire::StreamState::waiting:
        case wire::StreamState::opening:
            return had_a_frame ? CAMTAP_RESTARTING : CAMTAP_CONNECTING;
        case wire::StreamState::live:
            return CAMTAP_LIVE;
        case wire::StreamState::stale:
            return CAMTAP_STALE;
        case wire::StreamState::offline:
            return CAMTAP_OFFLINE;
        case wire::StreamState::restarting:
            return CAMTAP_RESTARTING;
        case wire::StreamState::ended:
            return CAMTAP_ENDED;
        case wire::StreamState::gone:
            return CAMTAP_GONE;
    }
    return CAMTAP_RESTARTING;
}

Result<camtap_tap_status> Tap::status() {
    if (!mark_.here()) return forked_error("tap");
    refresh();
    camtap_tap_status status{};
    status.size = sizeof status;
    std::string reason;
    status.state = state(reason);
    copy_text(status.reason, sizeof status.reason, reason);
    status.expected = ledger_.expected();
    status.delivered = ledger_.delivered();
    status.missed = ledger_.missed();
    status.max_pins = max_pins_;
    status.frames_held = held_->load(std::memory_order_acquire);
    status.attachments = attachment_.attachments();
    return status;
}

}  // namespace camtap::client
