// A floor: the least that waking processes can cost. One word in a memfd, one FUTEX_WAKE; no picture at all.
#include "common/futex.h"

#include "../peer.h"
#include "shared_memory.h"

namespace camtap::bench {
namespace {

// Written by the writer; the readers sleep on `wake`, whose increment publishes the stamp.
struct Page {
    std::atomic<uint32_t> wake;
    Stamp stamp;
};

class FutexSender : public Sender {
  public:
    std::byte* acquire() override { return reinterpret_cast<std::byte*>(&page_.stamp); }
    void publish() override {
        page_.wake.fetch_add(1);
        futex_wake_all(page_.wake);
    }

  private:
    SharedMemory memory_{sizeof(Page)};
    Page& page_ = memory_.at<Page>(0);
};

class FutexReceiver : public Receiver {
  public:
    const std::byte* next() override {
        uint32_t there = seen_;
        while (there == seen_) {
            // without a timeout, which is a timer to be set and taken back: barer than futex_wait()
            syscall(SYS_futex, &page_.wake, FUTEX_WAIT, seen_, nullptr, nullptr, 0);
            there = page_.wake.load(std::memory_order_acquire);
        }
        seen_ = there;
        return reinterpret_cast<const std::byte*>(&page_.stamp);
    }
    void release() override {}

  private:
    SharedMemory memory_{sizeof(Page)};
    Page& page_ = memory_.at<Page>(0);
    uint32_t seen_ = page_.wake.load();
};

}  // namespace

std::unique_ptr<Sender> open_sender(const Assignment&) {
    return std::make_unique<FutexSender>();
}

std::unique_ptr<Receiver> open_receiver(const Assignment&) {
    return std::make_unique<FutexReceiver>();
}

void become_daemon(const Assignment&) {}

}  // namespace camtap::bench
