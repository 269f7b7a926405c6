// Reads the configuration again while the loop goes on, on a thread of its own: files and name services may
// be slow, and a name service that hangs must not keep the daemon from ending.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

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
    // Doesn't wait for a load that runs: its thread is left behind.
    ~Reloader();
    Reloader(const Reloader&) = delete;
    Reloader& operator=(const Reloader&) = delete;

    // While one load runs, a request asks for another one after it: the file may have changed since it was
    // read.
    void request();
    bool busy() const { return load_ != nullptr; }

  private:
    // What the thread needs, whether we are still there or not.
    struct Load {
        std::string path;
        UniqueFd done_fd;
        std::optional<Result<Config>> result;  // the thread's, until it is done
        std::atomic<bool> is_done = false;
    };
    void begin();
    void finish();

    EventLoop& loop_;
    std::string path_;
    std::function<void(Result<Config>)> loaded_;
    UniqueFd done_fd_;
    EventSource done_;
    std::shared_ptr<Load> load_;
    bool again_ = false;
};

}  // namespace camtap
