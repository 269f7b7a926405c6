#include "tap_process.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

namespace camtap::chaos {

using namespace std::chrono_literals;
using Asked = FrameCheck::Asked;

namespace {

constexpr int kNothingMs =
    20;  // between looks at a stream that is gone: nobody tells a program of its return

void pause_for(int ms) {
    poll(nullptr, 0, ms);
}

}  // namespace

TapProcess::TapProcess(uint32_t tap, SharedPage& shared, std::string socket_path, uint64_t seed)
    : role_(kRoles[tap]),
      place_(place_of(tap)),
      shared_(shared),
      page_(shared.taps[tap]),
      socket_path_(std::move(socket_path)),
      random_(seed) {}

void TapProcess::run() {
    signal(SIGCHLD, SIG_IGN);  // forks are nobody's business
    page_.holds_all = 0;
    try {
        while (true) live();
    } catch (const std::exception& e) {
        shared_.fail("tap '" + std::string(role_.name) + "' of '" + role_.stream + "': " + e.what());
    }
    _exit(1);
}

// From an opening to a close.
void TapProcess::live() {
    open();
    const uint64_t stay = role_.comes_and_goes ? 1 + random_.below(60) : UINT64_MAX;
    while (check_->delivered() < stay || shared_.calm != 0) {
        obey();
        step();
    }
    check_balance();
    const bool frames_outlive_it = random_.one_in(2);
    if (!frames_outlive_it) let_all_go();
    tap_.reset();
    let_all_go();
}

// The seat of a tap that was killed is free as soon as the daemon has noticed.
void TapProcess::open() {
    TapOptions options;
    options.socket_path = socket_path_;
    options.attach_timeout = kForever;  // the conductor complains of who comes to no frame
    options.start_oldest = random_.one_in(2);
    while (true) {
        try {
            tap_.emplace(role_.stream, options);
            break;
        } catch (const Error& e) {
            const bool passes = e.code() == CAMTAP_ERROR_LIMIT || e.code() == CAMTAP_ERROR_UNKNOWN_STREAM ||
                                e.code() == CAMTAP_ERROR_GONE || e.code() == CAMTAP_ERROR_NO_DAEMON;
            if (!passes) throw;
            pause_for(kNothingMs);
        }
    }
    check_.emplace(role_.is_published() ? &shared_.publisher : nullptr, page_.seen);
    max_pins_ = tap_->status().max_pins;
}

void TapProcess::obey() {
    if (page_.fork_wanted.exchange(0) != 0) fork_once();
    if (is_to_hold()) hold_all();
}

// Frames that nobody else holds, so that each takes up a slot of its own.
void TapProcess::hold_all() {
    while (held_.size() < max_pins_ && is_to_hold()) {
        auto frame = tap_->next(100ms);
        if (!frame) continue;
        const uint64_t sequence = frame->sequence();
        take(std::move(*frame), Asked::next);
        if (sequence <= shared_.held_through) {
            let_go(held_.size() - 1);
        } else {
            shared_.held_through = sequence;
        }
    }
    page_.holds_all = held_.size() == max_pins_ ? 1 : 0;
    while (is_to_hold()) pause_for(2);
    page_.holds_all = 0;
    let_all_go();
}

void TapProcess::step() {
    Asked asked = Asked::next;
    auto frame = look(asked);
    if (!frame) {
        if (tap_->last() == CAMTAP_ERROR_GONE) pause_for(kNothingMs);
        if (tap_->last() == CAMTAP_ERROR_ENDED) throw Violation("an endless stream has ended");
        return;
    }
    take(std::move(*frame), asked);
    const size_t keep = role_.way == Way::holding ? random_.below(max_pins_) : 0;
    if (role_.way == Way::slow) pause_for(static_cast<int>(random_.below(120)));
    while (held_.size() > keep) let_go(random_.below(held_.size()));
    if (random_.one_in(64)) check_balance();
}

std::optional<Frame> TapProcess::look(Asked& asked) {
    switch (role_.way) {
        case Way::latest:
            asked = Asked::latest;
            return tap_->latest(kForever, random_.one_in(2) ? kForever : 300ms);
        case Way::event_loop:
            return look_as_told_by_descriptor();
        case Way::mixed:
            return look_somehow(asked);
        case Way::next:
        case Way::holding:
        case Way::slow:
            break;
    }
    return tap_->next();
}

// Sleeps until it is woken, for ever if it is not: that would be seen.
std::optional<Frame> TapProcess::look_as_told_by_descriptor() {
    const int fd = tap_->fd();
    if (auto frame = tap_->try_next()) return frame;
    pollfd readable{fd, POLLIN, 0};
    poll(&readable, 1, -1);
    return tap_->try_next();
}

std::optional<Frame> TapProcess::look_somehow(Asked& asked) {
    const std::chrono::milliseconds timeout(random_.below(50));
    switch (random_.below(4)) {
        case 0:
            return tap_->try_next();
        case 1:
            asked = Asked::latest;
            return tap_->latest(timeout, 50ms);
        case 2:
            (void)tap_->status();
            return tap_->next();
        default:
            return tap_->next(timeout);
    }
}

void TapProcess::take(Frame frame, Asked asked) {
    check_->take(frame.info(), frame.data(), asked);
    held_.push_back(std::move(frame));
    ++page_.frames;
    ++page_.checks;
    page_.missed += all(held_.back().info().missed);
}

// It must not have changed in the meantime.
void TapProcess::let_go(size_t index) {
    const auto frame = held_.begin() + static_cast<std::ptrdiff_t>(index);
    try {
        expect_whole(frame->info(), frame->data());
    } catch (const Violation& e) {
        throw Violation(std::string("while it was held: ") + e.what());
    }
    ++page_.checks;
    held_.erase(frame);
}

void TapProcess::let_all_go() {
    while (!held_.empty()) let_go(0);
}

void TapProcess::check_balance() {
    check_->balance(tap_->status(), held_.size());
    ++page_.balances;
}

// ---- forks ----

void TapProcess::fork_once() {
    const uint64_t seed = random_.next();
    if (fork() != 0) return;
    ++page_.forks;
    random_ = Random(seed);
    try {
        child();
    } catch (const std::exception& e) {
        shared_.fail("a fork of tap '" + std::string(role_.name) + "' of '" + role_.stream +
                     "': " + e.what());
    }
    ++page_.forks_ended;
    _exit(0);
}

// What the parent opened is dead here, and nothing that is done to it here reaches the parent.
void TapProcess::child() {
    if (random_.one_in(4)) return;
    bool is_forked = false;
    try {
        tap_->try_next();
    } catch (const Error& e) {
        is_forked = e.code() == CAMTAP_ERROR_FORKED;
    }
    if (!is_forked) throw Violation("try_next on what the parent opened is not an error");
    if (random_.one_in(2)) pause_for(static_cast<int>(random_.below(800)));  // with all descriptors open
    held_.clear();
    tap_.reset();
    if (!random_.one_in(3)) return;
    try {
        TapOptions options;
        options.socket_path = socket_path_;
        Tap tap(role_.stream, options);
        if (const auto frame = tap.next(200ms)) expect_whole(frame->info(), frame->data());
    } catch (const Error&) {
        // no seat, or no daemon at the moment
    }
}

}  // namespace camtap::chaos
