// A process that publishes frames of all sizes, and keeps books of them that outlive it.
#pragma once

#include <camtap/camtap.h>

#include <memory>
#include <optional>
#include <string>

#include "frame_check.h"
#include "script.h"
#include "shared_page.h"

namespace camtap::chaos {

// Owns: the right to publish "published". Never returns: it is killed.
class PublisherProcess {
  public:
    PublisherProcess(SharedPage& shared, std::string socket_path, uint64_t seed);
    [[noreturn]] void run();

  private:
    struct Close {
        void operator()(camtap_publisher* publisher) const { camtap_publisher_close(publisher); }
    };
    void open();
    void burst(uint64_t frames);
    void sprint();
    void one_frame();
    void whole_stock();
    void count_something();
    std::optional<camtap_slot> acquire(uint64_t bytes);
    void publish(const camtap_slot& slot, uint64_t bytes);

    SharedPage& shared_;
    PublisherPage& page_;
    const std::string socket_path_;
    Random random_;
    std::unique_ptr<camtap_publisher, Close> publisher_;
    uint32_t generation_ = 0;  // of the run
};

}  // namespace camtap::chaos
