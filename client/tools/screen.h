// The whole terminal, to draw on again and again.
#pragma once

#include <termios.h>

#include <chrono>
#include <string>
#include <vector>

#include "stop_signals.h"

namespace camtap::tools {

// Owns: the terminal's alternate screen, hidden cursor and unechoed keys; gives them back when it dies. Needs
// stdout to be a terminal. Neither copyable nor movable.
class Screen {
  public:
    Screen();
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    // Replaces what is shown; cuts what doesn't fit.
    void draw(const std::vector<std::string>& lines);

    // Waits until `deadline`. False: the user wants to leave (a stop signal, q, or ^C). ^Z is served here.
    bool wait_until(std::chrono::steady_clock::time_point deadline, StopSignals& signals);

  private:
    void enter();
    void leave();
    bool key_says_leave() const;

    termios before_{};
    bool has_keys_ = false;  // stdin is a terminal, too
};

}  // namespace camtap::tools
