#include "arming.h"

#include "common/pins.h"

namespace camtap::weak {

using Fault = ArmingPlan::Fault;

Arming::Arming(Explorer& explorer, const ArmingPlan& plan)
    : explorer_(explorer),
      plan_(plan),
      sequence_(explorer, "sequence"),
      index_(explorer, "index"),
      head_(explorer, "head"),
      armed_(explorer, "armed"),
      pokes_(explorer, "poke") {
    explorer.add_thread("publisher", [this] { publish_frames(); });
    explorer.add_thread("daemon", [this] { tell_of_each_frame(); });
}

void Arming::publish_frames() {
    for (uint64_t n = 1; n <= plan_.frames; ++n) {
        if (!publish(n)) continue;
        pokes_.send(n);
        explorer_.observe("p");
    }
}

bool Arming::publish(uint64_t n) {
    const bool early = plan_.fault == Fault::armed_before_head && pins::armed(armed_);
    pins::publish(sequence_, index_, 0, head_, n);
    return plan_.fault == Fault::armed_before_head ? early : pins::armed(armed_);
}

// The tap has had all frames up to `told`, and asks again whenever it was told of another.
void Arming::tell_of_each_frame() {
    uint64_t pokes = 0;
    for (uint64_t told = 0; told < plan_.frames;) {
        uint64_t head = arm();
        if (head <= told) explorer_.observe("w");  // waits
        while (head <= told) {
            // A poke about an older frame came, and was dealt with, before the tap asked.
            if (pokes_.receive(++pokes) > told) head = pins::newest(head_);
        }
        told = head;
        armed_.store(0, std::memory_order_seq_cst);
    }
}

uint64_t Arming::arm() {
    const bool early = plan_.fault == Fault::head_before_arming;
    const uint64_t before = early ? pins::newest(head_) : 0;
    pins::ask_to_be_told(armed_);
    return early ? before : pins::newest(head_);
}

}  // namespace camtap::weak
