#include "daemon/reloader.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <system_error>

namespace camtap {

Reloader::Reloader(EventLoop& loop, std::string path, std::function<void(Result<Config>)> loaded)
    : path_(std::move(path)), loaded_(std::move(loaded)), done_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (auto done = loop.on_descriptor(done_fd_.get(), EPOLLIN, [this](uint32_t) { finish(); }))
        done_ = std::move(*done);
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

void Reloader::begin() try {
    thread_ = std::thread([this] {
        result_ = std::make_unique<Result<Config>>(load_config(path_));
        const uint64_t one = 1;
        if (write(done_fd_.get(), &one, sizeof one) < 0) { /* an eventfd takes its first 1 always */
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
