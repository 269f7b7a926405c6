// A program of a peer, from the bench's side.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/unique_fd.h"
#include "control.h"
#include "work.h"

namespace camtap::bench {

// Owns: the process, killed and reaped at the end, and the bench's end of its control socket.
class Program {
  public:
    // What it says goes to `log`. Throws if it can't be started.
    Program(const std::string& path, const Assignment& assignment, int board_fd, int memory_fd,
            const std::string& log);
    ~Program() { end(); }
    Program(Program&& other) noexcept;
    Program& operator=(Program&&) = delete;

    pid_t pid() const { return pid_; }
    void signal(int number) const;
    bool give(const Order& order) const { return send_message(control_.get(), order); }
    // What a writer says when it is ready or done, a reader when it is ready. False: nothing by the timeout,
    // or it has ended.
    bool hear(Account& account, int64_t timeout_ns) const;
    // By SIGTERM, then SIGKILL if that isn't enough: for daemons that have to tidy up.
    void end_in_order();
    void end();

  private:
    pid_t pid_ = 0;
    UniqueFd control_;
};

}  // namespace camtap::bench
