#include "daemon/reloader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <new>
#include <system_error>
#include <thread>

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

Reloader::~Reloader() = default;

void Reloader::request() {
    if (busy()) {
        again_ = true;
    } else {
        begin();
    }
}

static Result<Config> read(const std::string& path) try {
    return load_config(path);
} catch (const std::bad_alloc&) {
    return Error{Code::no_memory, 0, "out of memory"};  // words that need none themselves
}

void Reloader::begin() try {
    UniqueFd done_fd(fcntl(done_fd_.get(), F_DUPFD_CLOEXEC, 0));
    if (!done_fd) {
        return loaded_(Error{Code::limit, errno, "no descriptor to read the configuration with; try again"});
    }
    load_ = std::make_shared<Load>();
    load_->path = path_;
    load_->done_fd = std::move(done_fd);
    std::thread([load = load_] {
        load->result.emplace(read(load->path));
        load->is_done.store(true, std::memory_order_release);
        const uint64_t one = 1;
        while (write(load->done_fd.get(), &one, sizeof one) <
               0) { /* an eventfd takes its first 1, in the end */
        }
    }).detach();
} catch (const std::system_error& e) {  // the limit on tasks is reached, or memory
    load_.reset();
    loaded_(Error{Code::limit, e.code().value(),
                  "no thread to read the configuration with: " + e.code().message() + "; try again"});
}

void Reloader::finish() {
    uint64_t count = 0;
    if (::read(done_fd_.get(), &count, sizeof count) < 0) return;
    if (!load_ || !load_->is_done.load(std::memory_order_acquire)) return;
    const std::shared_ptr<Load> load = std::move(load_);
    load_.reset();
    if (std::exchange(again_, false)) return begin();
    loaded_(std::move(*load->result));
}

}  // namespace camtap
