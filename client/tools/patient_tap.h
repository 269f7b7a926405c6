// A tap that waits for frames as a person would: says what it is waiting for, and listens to ^C.
#pragma once

#include <camtap/camtap.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "failure.h"
#include "stop_signals.h"

namespace camtap::tools {

// Owns: the tap and the stop signals. While nothing comes, each change of the stream's state is told on
// stderr.
class PatientTap {
  public:
    // timeout_seconds < 0: waits for ever. Throws camtap::Error.
    PatientTap(const Asked& asked, double timeout_seconds);

    // Empty: told to stop, no frame for the timeout, or none any more; see verdict().
    std::optional<Frame> next();
    // `leave` is asked every tenth of a second while nothing comes; true counts as told to stop.
    std::optional<Frame> latest(const std::function<bool()>& leave = {});

    bool stop_requested() { return signals_.stop_requested(); }
    camtap_tap_status status() const { return tap_.status(); }

    // The exit status after `got` frames of `wanted` (0 = as many as come); says on stderr why some are
    // lacking.
    int verdict(const Asked& asked, uint64_t got, uint64_t wanted);

  private:
    enum class End { none, stopped, timeout, ended, gone };

    template <class Take>
    std::optional<Frame> wait(Take take, const std::function<bool()>& leave);
    void tell_state();

    Tap tap_;
    StopSignals signals_;
    std::chrono::nanoseconds timeout_;
    End end_ = End::none;
    std::string told_;  // what was last said of the state
};

}  // namespace camtap::tools
