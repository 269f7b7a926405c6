#include "daemon/source/publish_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "common/clock.h"
#include "daemon/source/redact.h"

namespace camtap::source {

namespace {

// A frame that is due later than this is nothing to be expected now: the daemon's stall clock must not run
// meanwhile.
constexpr int64_t kLongWaitNs = kNsPerSecond;
constexpr int64_t kAcquireTimeoutNs = 5 * kNsPerSecond;
constexpr int64_t kSignOfLifeNs = 100 * kNsPerMs;
constexpr int64_t kFirstBackOffNs = 50 * kNsPerMs;
constexpr int64_t kLastBackOffNs = kNsPerSecond;
constexpr int64_t kLastWordsPauseNs = 10 * kNsPerMs;
constexpr int kLastWordsTries = 100;

}  // namespace

Outcome PublishLoop::run() {
    report(CAMTAP_OPENING, "");
    if (Status status = source_.open(); !status) return fail(status.error().message);
    report(CAMTAP_READING, "");
    while (true) {
        if (const Exit exit = step()) {
            source_.close();
            return *exit;
        }
    }
}

PublishLoop::Exit PublishLoop::step() {
    const Result<Next> next = source_.next(monotonic_ns());
    if (!next) return fail(next.error().message);
    if (next->source_gap > 0) camtap_publisher_count(publisher_, CAMTAP_COUNT_SOURCE_GAP, next->source_gap);
    switch (next->kind) {
        case Next::Kind::frame:
            return publish(next->bytes);
        case Next::Kind::wait:
            return wait(*next);
        case Next::Kind::lost:
            decode_error(next->text);
            return std::nullopt;
        case Next::Kind::skipped:
            note(next->text);
            return std::nullopt;
        case Next::Kind::ended:
            break;
    }
    spdlog::info("the end{}{}", next->text.empty() ? "" : ": ", next->text);
    report(CAMTAP_AT_END, next->text);
    return Outcome::ended;
}

PublishLoop::Exit PublishLoop::wait(const Next& next) {
    if (next.fd >= 0) {
        report(CAMTAP_IDLE, "waiting for new files");
    } else if (next.until_ns - monotonic_ns() > kLongWaitNs) {
        report(CAMTAP_IDLE, "the next frame is due later");
    }
    if (waiter_.wait(next.until_ns, next.fd) != Waiter::Woken::hang_up) return std::nullopt;
    spdlog::debug("the daemon hung up");
    return Outcome::ended;
}

camtap_error PublishLoop::acquire(uint64_t bytes, camtap_slot& slot, std::string& text) {
    if (bytes > options_.max_frame_bytes) {
        text = "a frame of " + std::to_string(bytes) + " bytes is larger than max_frame_bytes (" +
               std::to_string(options_.max_frame_bytes) + ")";
        return CAMTAP_ERROR_TOO_BIG;
    }
    slot = CAMTAP_INIT(camtap_slot);
    const camtap_error error = camtap_publisher_acquire(publisher_, bytes, kAcquireTimeoutNs, &slot);
    if (error != CAMTAP_OK) text = camtap_last_error();
    if (error == CAMTAP_OK) had_slot_ = true;
    return error;
}

PublishLoop::Exit PublishLoop::publish(uint64_t bytes) {
    if (activity_ != CAMTAP_READING) report(CAMTAP_READING, "");
    // Once more for a frame that turns out larger than its header said; it can't do so twice.
    for (int attempt = 0; attempt < 2; ++attempt) {
        camtap_slot slot = CAMTAP_INIT(camtap_slot);
        std::string text;
        if (const camtap_error error = acquire(bytes, slot, text); error != CAMTAP_OK)
            return no_slot(error, text);
        const Frame frame = source_.read({slot.data, slot.capacity});
        if (frame.kind == Frame::Kind::whole) return publish_whole(slot, frame);
        camtap_publisher_discard(publisher_, &slot);
        if (frame.kind == Frame::Kind::lost) {
            decode_error(frame.text);
            return std::nullopt;
        }
        bytes = frame.image.bytes;
    }
    decode_error("a frame is of another size each time that it is decoded");
    return std::nullopt;
}

PublishLoop::Exit PublishLoop::publish_whole(const camtap_slot& slot, const Frame& frame) {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.image = frame.image;
    info.capture_ns = frame.capture_ns;
    info.capture_origin = frame.capture_origin;
    info.source_sequence = frame.source_sequence;
    if (frame.copies > 0) camtap_publisher_count(publisher_, CAMTAP_COUNT_COPY, frame.copies);
    const camtap_error error = camtap_publisher_publish(publisher_, &slot, &info, nullptr);
    back_off_ns_ = 0;
    if (error == CAMTAP_OK) return std::nullopt;
    const std::string text = camtap_last_error();
    if (error == CAMTAP_ERROR_GONE && !options_.spawned) {
        note(text);
        return std::nullopt;  // the next acquire attaches again
    }
    camtap_publisher_discard(publisher_, &slot);
    if (waiter_.hung_up()) return Outcome::ended;
    return fail(text);
}

// The frame at hand is lost. Whether the next one can do better depends.
PublishLoop::Exit PublishLoop::no_slot(camtap_error error, const std::string& text) {
    if (waiter_.hung_up()) return Outcome::ended;
    const bool passes = error == CAMTAP_ERROR_NO_SLOT || error == CAMTAP_ERROR_NO_MEMORY ||
                        (error == CAMTAP_ERROR_TOO_BIG && options_.sizes_differ);
    const bool daemon_may_return =
        !options_.spawned && (error == CAMTAP_ERROR_NO_DAEMON || error == CAMTAP_ERROR_TIMEOUT);
    if (!passes && !daemon_may_return) return fail(text);
    camtap_publisher_count(publisher_, CAMTAP_COUNT_NO_SLOT, 1);
    note(text);
    if (passes) report(CAMTAP_READING, text);
    if (error == CAMTAP_ERROR_TOO_BIG) return std::nullopt;  // the source's own schedule goes on
    return back_off();
}

PublishLoop::Exit PublishLoop::back_off() {
    back_off_ns_ = std::clamp(2 * back_off_ns_, kFirstBackOffNs, kLastBackOffNs);
    if (waiter_.wait(monotonic_ns() + back_off_ns_, -1) == Waiter::Woken::hang_up) return Outcome::ended;
    return std::nullopt;
}

void PublishLoop::decode_error(const std::string& text) {
    camtap_publisher_count(publisher_, CAMTAP_COUNT_DECODE_ERROR, 1);
    note(text);
    // As long as there was no slot, there are no counters that the daemon could see: a recording with a bad
    // beginning would seem to hang.
    const int64_t now = monotonic_ns();
    if (had_slot_ || now - sign_of_life_ns_ < kSignOfLifeNs) return;
    sign_of_life_ns_ = now;
    report(CAMTAP_READING, "");
}

void PublishLoop::note(const std::string& text) {
    const std::optional<uint64_t> left_out = limit_.pass(monotonic_ns());
    if (!left_out) return;
    if (*left_out == 0) {
        spdlog::warn("{}", redact(text));
    } else {
        spdlog::warn("{} (and {} lines before this one left out)", redact(text), *left_out);
    }
}

// A report that can't be delivered is no reason to stop: if the daemon is gone, the next acquire will say so.
bool PublishLoop::report(camtap_activity activity, const std::string& text) {
    if (activity == activity_ && activity == CAMTAP_IDLE) return true;
    activity_ = activity;
    const std::string words = redact(text);
    camtap_error error = camtap_publisher_report(publisher_, activity, words.c_str());
    // Last words have to arrive: a recording that came to its end would be played again
    const bool last = activity == CAMTAP_AT_END || activity == CAMTAP_FAILED;
    for (int tries = 0; last && error == CAMTAP_ERROR_TIMEOUT && tries < kLastWordsTries; ++tries) {
        if (waiter_.wait(monotonic_ns() + kLastWordsPauseNs, -1) == Waiter::Woken::hang_up) break;
        error = camtap_publisher_report(publisher_, activity, words.c_str());
    }
    if (error == CAMTAP_OK) return true;
    spdlog::debug("report: {}", camtap_last_error());
    return false;
}

Outcome PublishLoop::fail(const std::string& text) {
    const bool is_told = report(CAMTAP_FAILED, text);
    if (!is_told || !options_.spawned) spdlog::error("{}", redact(text));  // camtapd logs what it is told
    return Outcome::failed;
}

}  // namespace camtap::source
