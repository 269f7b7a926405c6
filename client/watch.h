// The descriptor that a program puts into its own event loop, and that outlives every connection.
#pragma once

#include <cstdint>

#include "common/result.h"
#include "common/unique_fd.h"

namespace camtap::client {

// Owns: an epoll descriptor with a timer and, at times, a session's socket inside. Readable when one of them
// is.
class Watch {
  public:
    static Result<Watch> open();

    int fd() const { return epoll_.get(); }
    Status add(int socket);
    // To be called before the socket is closed: a child of fork() may hold it open, and epoll would go on
    // watching.
    void remove(int socket);
    // Readable from `at_ns` on, until the next call; 0: never.
    void wake_at(int64_t at_ns, int64_t now_ns);

  private:
    UniqueFd epoll_;
    UniqueFd timer_;
    int64_t at_ns_ = 0;
};

}  // namespace camtap::client
