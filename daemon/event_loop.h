// sd-event with ownership in types: what waits for an event is an object, and stops waiting when it dies.
//
// Threads: all of it belongs to the thread that runs the loop. Callbacks must not block. A callback may not
// destroy the EventSource that called it; EventLoop::later() is for that.
#pragma once

#include <systemd/sd-event.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "common/result.h"

namespace camtap {

// Owns: one registration with the loop.
class EventSource {
  public:
    EventSource() = default;

    // Descriptors: EPOLLIN, …; 0 = only hang-up and errors, which always count.
    void set_events(uint32_t events);
    // Timers: fires once, at a time of CLOCK_MONOTONIC, or not at all.
    void fire_at(int64_t monotonic_ns);
    void off();
    void reset() { state_.reset(); }
    explicit operator bool() const { return state_ != nullptr; }

  private:
    friend class EventLoop;
    struct State {
        sd_event_source* source = nullptr;
        std::function<void(uint32_t events)> callback;
        State() = default;
        State(const State&) = delete;
        State& operator=(const State&) = delete;
        ~State() { sd_event_source_disable_unref(source); }
    };
    std::unique_ptr<State> state_;
};

class EventLoop {
  public:
    static Result<EventLoop> create();
    EventLoop(EventLoop&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
    EventLoop& operator=(EventLoop&&) = delete;
    ~EventLoop();

    // Errors of all: no_memory, limit, system.
    Result<EventSource> on_descriptor(int fd, uint32_t events, std::function<void(uint32_t events)> callback);
    Result<EventSource> on_timer(std::function<void()> callback);  // off until fire_at()
    Result<EventSource> on_signal(int signal,
                                  std::function<void()> callback);  // blocks the signal for the thread

    // Runs once the event that is being handled is done with.
    void later(std::function<void()> work) { later_.push_back(std::move(work)); }

    // Until stop(). Errors: system.
    Status run();
    void stop() { running_ = false; }

    sd_event* get() const { return event_; }

  private:
    explicit EventLoop(sd_event* event) : event_(event) {}
    sd_event* event_;
    bool running_ = true;
    std::vector<std::function<void()>> later_;
};

}  // namespace camtap
