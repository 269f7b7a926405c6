// The least that waking N processes can cost: one word in a memfd, one FUTEX_WAKE.
#pragma once

#include "lane.h"

namespace camtap::bench {

class Floor : public Lane {
  public:
    Floor(size_t readers, const Cores& cores, Placement placement);
    ~Floor() override;
    Readers& readers() override { return *readers_; }

  private:
    // Written by the publisher; the readers sleep on `wake`, whose increment publishes the others.
    struct Page {
        std::atomic<uint32_t> wake;
        std::atomic<int64_t> at_ns;
        std::atomic<uint64_t> number;
        std::atomic<uint64_t> recorded;
    };

    void send(Stamp stamp) override;
    static void read(const Page& page, Sheet& sheet, const Readers::Process::Child& child);

    Page* page_;
    std::unique_ptr<Readers> readers_;
};

}  // namespace camtap::bench
