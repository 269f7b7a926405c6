#include "client/tap.h"

#include <algorithm>

#include "client/deadline.h"
#include "client/fetch_ahead.h"
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
// From Tap::blank_ on: some of the tap itself, of its ledger, and of its timeline the first generation.
constexpr size_t kReadForEachFrame = 256;
// While an answer is on its way the socket is what is slept on; frames are looked for in between.
constexpr int64_t kGlance = 10 * kNsPerMs;

[[gnu::noinline]] bool too_old(int64_t capture_ns, int64_t max_age_ns) {
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
    std::unique_ptr<Tap> tap(new Tap(*mark, stream, settings, std::make_shared<PinsClaimed>(0)));
    if (Status attached = tap->attach(settings.attach_timeout_ns); !attached.ok()) return attached.error();
    return tap;
}

Tap::Tap(ProcessMark mark, const std::string& stream, const TapSettings& settings,
         std::shared_ptr<PinsClaimed> pins_claimed)
    : mark_(mark),
      stream_(stream),
      start_oldest_(settings.start_oldest),
      pins_claimed_(std::move(pins_claimed)),
      attachment_(mark, settings.socket_path, stream, pins_claimed_),
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
    const auto settles_it = [](Found found) { return found == Found::frame || found == Found::malformed; };
    Found found = look(want);
    if (!settles_it(found) && attachment_.watched()) {
        refresh();  // takes the message off the socket that made the descriptor readable
        found = look(want);
    }
    if (found == Found::frame) return std::move(blank_);
    const Status may_go_on_waiting = may_go_on(found);
    if (!settles_it(found) && attachment_.watched()) arm();
    return may_go_on_waiting.ok() ? why_none(found) : may_go_on_waiting.error();
}

void Tap::arm() {
    if (const auto& newest = attachment_.newest()) {
        const uint64_t passed = timeline_.passed_in(newest->terms().generation, newest->terms().instance);
        attachment_.arm(std::max(passed, too_old_));
    } else {
        attachment_.arm(0);
    }
}

// By the tap's user.
uint32_t Tap::frames_held() const {
    const bool one_is_mine = blank_ && blank_->pinned.pin.owns_one();
    const bool one_is_kept = attachment_.session() && attachment_.session()->has_spare();
    return pins_claimed_->load(std::memory_order_acquire) - (one_is_mine ? 1 : 0) - (one_is_kept ? 1 : 0);
}

Status Tap::may_take() const {
    if (!mark_.here()) return forked_error("tap");
    if (frames_held() < max_pins_) return Done{};
    return too_many_frames();
}

Error Tap::too_many_frames() const {
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
        const Found found = look(want, slept);
        if (found == Found::frame) [[likely]]
            return std::move(blank_);
        if (Status may = may_go_on(found); !may.ok()) return may.error();
        if (deadline.passed()) return why_none(found);
        sleep(generation_seen, wake_seen, deadline.at_ns());
    }
}

// One look, without waiting.
Tap::Found Tap::look(const Want& want, bool slept) {
    if (should_refresh(slept)) [[unlikely]]
        refresh();
    if (!blank_) [[unlikely]]
        prepare_frame();
    Pinned& pinned = blank_->pinned;
    const Pinning pinning = want.newest ? timeline_.newest(pinned) : timeline_.next(pinned);
    if (pinning != Pinning::done) [[unlikely]]
        return pinning == Pinning::no_pin ? Found::no_pin : Found::none;
    const std::byte* const payload = pinned.segment->payload(pinned.slot);
    fetch_ahead(payload);
    camtap_frame_info& info = blank_->info;
    layout::Counters counters;
    const std::string_view fault = describe(pinned, info, counters);
    if (!fault.empty()) [[unlikely]]
        return pass_malformed(fault);
    if (want.max_age_ns > 0 && too_old(info.capture_ns, want.max_age_ns)) [[unlikely]]
        return pass_over_too_old();
    blank_->data = payload;
    info.missed = ledger_.deliver(counters, timeline_.deliver(pinned, want.newest));
    came_without_sleep_ = !slept_;
    slept_ = false;
    slice_ns_ = kSlice;
    last_sequence_ = info.sequence;
    show_ledger();
    return Found::frame;
}

Tap::Found Tap::pass_malformed(std::string_view fault) {
    malformed_ = {blank_->info.sequence, fault};
    timeline_.pass(blank_->pinned);
    blank_.reset();
    return Found::malformed;
}

Tap::Found Tap::pass_over_too_old() {
    too_old_ = blank_->info.sequence;
    blank_.reset();
    return Found::too_old;
}

// After a look that found no frame. What the daemon says came before the look, so a stream that has ended had no more.
Status Tap::may_go_on(Found found) const {
    const bool goes_on = attachment_.phase() == Attachment::Phase::attached &&
                         attachment_.stream_state() != wire::StreamState::ended &&
                         attachment_.stream_state() != wire::StreamState::gone;
    const bool nothing_wrong = found == Found::none || found == Found::too_old;
    if (goes_on && nothing_wrong) [[likely]]
        return Done{};
    return may_go_on_at_all(found);
}

Status Tap::may_go_on_at_all(Found found) const {
    if (found == Found::malformed) {
        return Error{Code::malformed, 0,
                     "frame " + std::to_string(malformed_.sequence) +
                         " is described wrongly by its publisher: " + std::string(malformed_.fault)};
    }
    if (found == Found::no_pin) {
        return Error{Code::too_many_frames, 0, "every pin of this tap is in use; release a frame first"};
    }
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

Error Tap::why_none(Found found) const {
    if (found == Found::too_old) return Error{Code::stale, 0, "no frame came that is as young as asked"};
    return Error{Code::timeout, 0, "no new frame within the timeout"};
}

void Tap::prepare_frame() {
    if (!blank_) {
        camtap_frame* const kept = attachment_.session() ? attachment_.session()->take_spare() : nullptr;
        blank_.reset(kept != nullptr ? kept : new camtap_frame{{}, nullptr, mark_, {}});
    }
    if (!blank_->pinned.segment || !blank_->pinned.pin.owns_one()) timeline_.prepare(blank_->pinned);
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
            attachment_.arrival_taken();
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
    prepare_frame();
    const layout::Word32& wake = attachment_.newest()->header().wake;
    if (came_without_sleep_ && changes_at_once(wake, wake_seen)) return;
    slept_ = true;
    const int64_t slice = std::min(until_ns - start, slice_ns_);
    // what to fetch after it: what says so will be cold as well
    const TapSegment* const segment = attachment_.newest().get();
    const camtap_frame* const frame = blank_.get();
    const Pin& pin = frame->pinned.pin;
    const layout::Word64* const pin_word = pin.owns_one() ? &pin.word() : nullptr;
    const bool timed_out = futex_wait(wake, wake_seen, slice);
    fetch_ahead(&wake);
    fetch_ahead(segment);
    fetch_ahead(pin_word);
    fetch_ahead(frame, sizeof *frame);
    fetch_ahead(&blank_, kReadForEachFrame);
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
    status.frames_held = frames_held();
    status.attachments = attachment_.attachments();
    return status;
}

}  // namespace camtap::client
