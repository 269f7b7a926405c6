// Reads the configuration again while the loop goes on: files and name services may be slow, so this is the
// one thing that camtapd does on another thread, and only while a reload is wanted.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "common/unique_fd.h"
#include "daemon/config.h"
#include "daemon/event_loop.h"

namespace camtap {

class Reloader {
  public:
    // `loaded` is called on the loop's thread.
    Reloader(EventLoop& loop, std::string path, std::function<void(Result<Config>)> loaded);
    // To be called before the first request. Errors: no_memory, limit, system.
    Status start();
    ~Reloader();
    Reloader(const Reloader&) = delete;
    Reloader& operator=(const Reloader&) = delete;

    // While one load runs, a request asks for another one after it: the file may have changed since it was
    // read.
    void request();
    bool busy() const { return thread_.joinable(); }

  private:
    void begin();
    void finish();

    EventLoop& loop_;
    std::string path_;
    std::function<void(Result<Config>)> loaded_;
    UniqueFd done_fd_;
    EventSource done_;
    std::thread thread_;
    std::optional<Result<Config>> result_;  // the thread's until it has written to done_fd_
    bool again_ = false;
};

}  // namespace camtap
