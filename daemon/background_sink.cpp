#include "daemon/background_sink.h"

#include <spdlog/details/log_msg_buffer.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>

namespace camtap {

static constexpr size_t kMostLines = 1000;
static constexpr auto kFlushTime = std::chrono::seconds(1);

LineFields& fields_of_this_thread() {
    thread_local LineFields fields;
    return fields;
}

struct BackgroundSink::Shared {
    struct Line {
        spdlog::details::log_msg_buffer text;
        const EventKind* kind = nullptr;
        std::string stream;
    };
    explicit Shared(std::shared_ptr<spdlog::sinks::sink> sink) : to(std::move(sink)) {}

    const std::shared_ptr<spdlog::sinks::sink> to;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Line> waiting;
    uint64_t lost = 0;
    bool writing = false;
    bool over = false;
};

BackgroundSink::BackgroundSink(std::shared_ptr<spdlog::sinks::sink> to)
    : shared_(std::make_shared<Shared>(std::move(to))) {
    sigset_t all;  // signals are for those who expect them
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    try {
        std::thread([shared = shared_] { write_lines(shared); }).detach();
    } catch (...) {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

BackgroundSink::~BackgroundSink() {
    flush();
    const std::lock_guard lock(shared_->mutex);
    shared_->over = true;
    shared_->changed.notify_all();
}

void BackgroundSink::log(const spdlog::details::log_msg& line) {
    const LineFields& fields = fields_of_this_thread();
    Shared::Line copy{spdlog::details::log_msg_buffer(line), fields.kind, std::string(fields.stream)};
    const std::lock_guard lock(shared_->mutex);
    if (shared_->waiting.size() == kMostLines) {
        shared_->waiting.pop_front();
        ++shared_->lost;
    }
    shared_->waiting.push_back(std::move(copy));
    shared_->changed.notify_all();
}

void BackgroundSink::write_lines(const std::shared_ptr<Shared>& shared) {
    std::unique_lock lock(shared->mutex);
    for (;;) {
        shared->changed.wait(lock, [&] { return shared->over || !shared->waiting.empty(); });
        if (shared->waiting.empty()) return;
        const Shared::Line line = std::move(shared->waiting.front());
        shared->waiting.pop_front();
        const uint64_t lost = std::exchange(shared->lost, 0);
        shared->writing = true;
        lock.unlock();
        try {
            if (lost > 0) {
                fields_of_this_thread() = {};
                const std::string words =
                    std::to_string(lost) + " lines before this one are lost: nobody read the log";
                shared->to->log({line.text.time, {}, line.text.logger_name, spdlog::level::warn, words});
            }
            fields_of_this_thread() = {line.kind, line.stream};
            shared->to->log(line.text);
            shared->to->flush();
        } catch (const std::exception&) {  // this line can't be written; the next one may
        }
        lock.lock();
        shared->writing = false;
        shared->changed.notify_all();
    }
}

void BackgroundSink::flush() {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, kFlushTime,
                              [&] { return shared_->waiting.empty() && !shared_->writing; });
}

void BackgroundSink::set_pattern(const std::string& pattern) {
    shared_->to->set_pattern(pattern);
}

void BackgroundSink::set_formatter(std::unique_ptr<spdlog::formatter> formatter) {
    shared_->to->set_formatter(std::move(formatter));
}

}  // namespace camtap
