// SIGINT, SIGTERM and SIGTSTP as something to wait for, so that a command ends (or pauses) in good order.
#pragma once

#include <chrono>

namespace camtap::tools {

// From its construction on these signals interrupt nothing; they are read here. Make it before any other
// thread starts, and after whatever may block for long.
//
// Owns: a signalfd. Neither copyable nor movable; lives until the end of the process, so it restores nothing.
class StopSignals {
  public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    int fd() const { return fd_; }

    // Takes in what has come. Never blocks.
    bool stop_requested();   // SIGINT or SIGTERM, once or more often, now or earlier
    bool pause_requested();  // SIGTSTP since the last call

    // Waits until `deadline` or a stop. Returns stop_requested(). SIGTSTP stops the process here, as it would
    // anywhere.
    bool wait_until(std::chrono::steady_clock::time_point deadline);

  private:
    void read_pending();

    int fd_ = -1;
    bool stop_ = false;
    bool pause_ = false;
};

// Stops the process, as ^Z does; returns when it is continued.
void pause_process();

}  // namespace camtap::tools
