// The second handshake in the explorer: a tap that waits by descriptor asks the daemon to be told of the next
// frame, and the daemon asks the publisher. What surrounds the functions of pins.h follows daemon/stream.cpp
// and client/publisher.cpp.
//
// Error: a frame is published, the tap waits for it, and nobody tells the daemon: it waits for ever.
#pragma once

#include "word.h"

namespace camtap::weak {

struct ArmingPlan {
    enum class Fault {
        none,
        head_before_arming,  // the daemon reads head, then stores the wish
        armed_before_head,   // the publisher looks for a wish, then publishes
    };

    uint32_t frames = 3;
    Fault fault = Fault::none;
};

// Adds locations and threads to an explorer. Must outlive its exploration.
class Arming {
  public:
    Arming(Explorer& explorer, const ArmingPlan& plan);

  private:
    void publish_frames();
    void tell_of_each_frame();
    bool publish(uint64_t n);
    uint64_t arm();

    Explorer& explorer_;
    ArmingPlan plan_;
    Word sequence_;
    Word index_;
    Word head_;
    Word armed_;
    Channel pokes_;
};

}  // namespace camtap::weak
