// What systemd is told of the service: ready, reloading, stopping, and its state in words for `systemctl
// status`.
//
// Threads: the loop's one. Without systemd (no $NOTIFY_SOCKET) nothing happens.
#pragma once

#include <functional>
#include <string>

#include "daemon/event_loop.h"

namespace camtap {

class ServiceStatus {
  public:
    explicit ServiceStatus(std::function<std::string()> words) : words_(std::move(words)) {}

    // From here on the words are kept up to date, and the watchdog is fed by the loop, and by it alone: a
    // loop that is stuck is noticed, a camera that hangs is no reason to restart everything.
    Status ready(EventLoop& loop);
    void reloading();
    // `trouble`: why the old configuration stays; empty: it doesn't.
    void reloaded(const std::string& trouble);
    void stopping();
    void changed();

  private:
    void tell();
    std::function<std::string()> words_;
    std::string trouble_;
    int64_t told_ns_ = 0;
    EventSource timer_;
};

}  // namespace camtap
