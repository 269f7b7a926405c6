// A log that isn't read (a full pipe, a journal that hangs) keeps whoever writes to it waiting, for ever if
// need be. So lines are written by a thread of their own.
#pragma once

#include <spdlog/sinks/sink.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace camtap {

struct EventKind;

// What a line has besides its text. spdlog knows nothing of it, so it is set beside each call, for the
// thread; `stream` lives as long as the call. Nothing to be destroyed: where a thread's first such object needs
// memory and there is none, glibc ends the program.
struct LineFields {
    const EventKind* kind = nullptr;
    std::string_view stream;
};
static_assert(std::is_trivially_destructible_v<LineFields>);
LineFields& fields_of_this_thread();

// Owns: the thread, and a queue in front of it. Threads: any may log. Blocking: flush() alone, for a second
// at most. When the queue is full the oldest lines go, and their number is told.
class BackgroundSink final : public spdlog::sinks::sink {
  public:
    // Throws std::system_error if no thread can be had.
    explicit BackgroundSink(std::shared_ptr<spdlog::sinks::sink> to);
    ~BackgroundSink() override;

    void log(const spdlog::details::log_msg& line) override;
    // Until every line so far is written, if they can be.
    void flush() override;
    void set_pattern(const std::string& pattern) override;
    void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

  private:
    struct Shared;
    static void write_lines(const std::shared_ptr<Shared>& shared);

    std::shared_ptr<Shared> shared_;  // with the thread, which may outlive us when it is stuck
};

}  // namespace camtap
