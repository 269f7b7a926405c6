#include "daemon/event_loop.h"

#include <errno.h>
#include <signal.h>

#include "daemon/memory_reserve.h"

namespace camtap {

// sd-event is written in C: nothing may be thrown through it. So what it calls is noexcept, and the one thing
// that our callbacks can throw, that memory has run out and the reserve with it, ends the daemon where it
// happened; systemd starts it again.

static Error loop_error(const char* what, int negative_errno) {
    Error error = system_error(what, -negative_errno);
    if (negative_errno == -ENOMEM) error.code = Code::no_memory;
    if (negative_errno == -EMFILE || negative_errno == -ENFILE || negative_errno == -ENOSPC) {
        error.code = Code::limit;
    }
    return error;
}

// What is allocated in C knows nothing of the reserve.
template <class Call>
static int with_reserve(Call call) {
    const int r = call();
    return r == -ENOMEM && MemoryReserve::spend() ? call() : r;
}

void EventSource::set_events(uint32_t events) {
    if (state_) sd_event_source_set_io_events(state_->source, events);
}

void EventSource::fire_at(int64_t monotonic_ns) {
    if (!state_) return;
    const int64_t us = monotonic_ns < 0 ? 0 : (monotonic_ns + 999) / 1000;
    sd_event_source_set_time(state_->source, static_cast<uint64_t>(us));
    sd_event_source_set_enabled(state_->source, SD_EVENT_ONESHOT);
}

void EventSource::off() {
    if (state_) sd_event_source_set_enabled(state_->source, SD_EVENT_OFF);
}

Result<EventLoop> EventLoop::create() {
    sd_event* event = nullptr;
    if (const int r = sd_event_new(&event); r < 0) return loop_error("creating the event loop", r);
    return EventLoop(event);
}

EventLoop::~EventLoop() {
    sd_event_unref(event_);
}

Result<EventSource> EventLoop::on_descriptor(int fd, uint32_t events,
                                             std::function<void(uint32_t events)> callback) {
    EventSource source;
    source.state_ = std::make_unique<EventSource::State>();
    source.state_->callback = std::move(callback);
    const auto trampoline = [](sd_event_source*, int, uint32_t revents, void* userdata) noexcept {
        static_cast<EventSource::State*>(userdata)->callback(revents);
        return 0;
    };
    const int r = with_reserve([&] {
        return sd_event_add_io(event_, &source.state_->source, fd, events, trampoline, source.state_.get());
    });
    if (r < 0) return loop_error("watching a descriptor", r);
    return source;
}

Result<EventSource> EventLoop::on_timer(std::function<void()> callback) {
    EventSource source;
    source.state_ = std::make_unique<EventSource::State>();
    source.state_->callback = [run = std::move(callback)](uint32_t) { run(); };
    const auto trampoline = [](sd_event_source*, uint64_t, void* userdata) noexcept {
        static_cast<EventSource::State*>(userdata)->callback(0);
        return 0;
    };
    constexpr uint64_t kAccuracyUs = 1000;
    const int r = with_reserve([&] {
        return sd_event_add_time(event_, &source.state_->source, CLOCK_MONOTONIC, 0, kAccuracyUs, trampoline,
                                 source.state_.get());
    });
    if (r < 0) return loop_error("creating a timer", r);
    source.off();
    return source;
}

Result<EventSource> EventLoop::on_signal(int signal, std::function<void()> callback) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);  // sd-event reads it from a signalfd
    EventSource source;
    source.state_ = std::make_unique<EventSource::State>();
    source.state_->callback = [run = std::move(callback)](uint32_t) { run(); };
    const auto trampoline = [](sd_event_source*, const signalfd_siginfo*, void* userdata) noexcept {
        static_cast<EventSource::State*>(userdata)->callback(0);
        return 0;
    };
    const int r =
        sd_event_add_signal(event_, &source.state_->source, signal, trampoline, source.state_.get());
    if (r < 0) return loop_error("waiting for a signal", r);
    return source;
}

Status EventLoop::run() {
    while (running_) {
        const int r = with_reserve([&] { return sd_event_run(event_, UINT64_MAX); });
        if (r < 0 && r != -EINTR) return loop_error("running the event loop", r);
        while (!later_.empty()) {
            std::vector<std::function<void()>> work;
            work.swap(later_);
            for (const auto& task : work) task();
        }
        MemoryReserve::refill();
    }
    return Done{};
}

}  // namespace camtap
