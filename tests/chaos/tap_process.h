// A process that taps a stream in one of many ways, and looks at every frame that it gets.
#pragma once

#include <camtap/camtap.hpp>
#include <deque>
#include <optional>
#include <string>

#include "frame_check.h"
#include "roles.h"
#include "script.h"
#include "shared_page.h"

namespace camtap::chaos {

// Owns: a tap, and the frames in its hands. Never returns: it is killed.
class TapProcess {
  public:
    TapProcess(uint32_t tap, SharedPage& shared, std::string socket_path, uint64_t seed);
    [[noreturn]] void run();

  private:
    void live();
    void open();
    void obey();
    bool is_to_hold() const { return role_.is_published() && shared_.holders > place_; }
    void hold_all();
    void fork_once();
    void child();

    void step();
    std::optional<Frame> look(FrameCheck::Asked& asked);
    std::optional<Frame> look_as_told_by_descriptor();
    std::optional<Frame> look_somehow(FrameCheck::Asked& asked);
    void take(Frame frame, FrameCheck::Asked asked);
    void let_go(size_t index);
    void let_all_go();
    void check_balance();

    const Role role_;
    const uint32_t place_;
    SharedPage& shared_;
    TapPage& page_;
    const std::string socket_path_;
    Random random_;
    std::optional<Tap> tap_;
    std::optional<FrameCheck> check_;
    std::deque<Frame> held_;
    uint32_t max_pins_ = 1;
};

}  // namespace camtap::chaos
