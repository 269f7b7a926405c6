#include "daemon/reloader.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <new>
#include <system_error>

namespace camtap {

Reloader::Reloader(EventLoop& loop, std::string path, std::function<void(Result<Config>)> loaded)
    : loop_(loop), path_(std::move(path)), loaded_(std::move(loaded)) {}

Status Reloader::start() {
    done_fd_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!done_fd_) return system_error("eventfd, for reloading", errno);
    auto done = loop_.on_descriptor(done_fd_.get(), EPOLLIN, [this](uint32_t) { finish(); });
    if (!done) return done.error();
    done_ = std::move(*done);
    return Done{};
}

Reloader::~Reloader() {
    if (thread_.joinable()) thread_.join();
}

void Reloader::request() {
    if (busy()) {
        again_ = true;
    } else {
        begin();
    }
}

static Result<Config> load(const std::string& path) try {
    return load_config(path);
} catch (const std::bad_alloc&) {
    return Error{Code::no_memory, 0, "out of memory"};  // words that need none themselves
}

void Reloader::begin() try {
    thread_ = std::thread([this] {
        result_.emplace(load(path_));
        const uint64_t one = 1;
        while (write(done_fd_.get(), &one, sizeof one) < 0) { /* an eventfd takes its first 1, in the end */
        }
    });
} catch (const std::system_error& e) {  // the limit on tasks is reached, or memory
    loaded_(Error{Code::limit, e.code().value(),
                  "no thread to read the configuration with: " + e.code().message() + "; try again"});
}

void Reloader::finish() {
    uint64_t count = 0;
    if (read(done_fd_.get(), &count, sizeof count) < 0) return;
    thread_.join();
    if (std::exchange(again_, false)) return begin();
    loaded_(std::move(*result_));
}

}  // namespace camtap
