// A queue as a tutorial on shared memory describes it, and as many programs have it: cells of a fixed size, a
// spin lock that sleeps, a count of readers, copies in and out, 32-bit indices. Nobody notices that a reader
// has died.
#include "tutorial_queue.h"

#include <vector>

#include "../pace.h"
#include "../peer.h"
#include "shared_memory.h"

namespace camtap::bench {
namespace {

constexpr uint32_t kCells = 4;
constexpr int64_t kNapNs = 100'000;

struct Queue {
    struct Cell {
        uint32_t index;   // of the frame in it
        uint32_t unread;  // readers that have yet to copy it
        std::byte bytes[kTutorialCell];
    };
    std::atomic<uint32_t> lock;
    uint32_t readers;
    uint32_t newest;  // index of the newest frame
    Cell cells[kCells];
};

class Lock {
  public:
    explicit Lock(Queue& queue) : queue_(queue) {
        while (queue_.lock.exchange(1, std::memory_order_acquire) != 0) sleep_for(kNapNs);
    }
    ~Lock() { queue_.lock.store(0, std::memory_order_release); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    Queue& queue_;
};

class TutorialSender : public Sender {
  public:
    explicit TutorialSender(const Assignment& a) : frame_(a.work.size.bytes()) {}
    std::byte* acquire() override { return frame_.data(); }
    bool copies() const override { return true; }
    void publish() override {
        while (!try_push()) sleep_for(kNapNs);
    }

  private:
    bool try_push() {
        const Lock lock(queue_);
        const uint32_t index = next_index_;
        Queue::Cell& cell = queue_.cells[index % kCells];
        if (cell.unread != 0) return false;
        std::memcpy(cell.bytes, frame_.data(), frame_.size());
        cell.index = index;
        cell.unread = queue_.readers;
        queue_.newest = index;
        ++next_index_;
        return true;
    }

    std::vector<std::byte> frame_;
    SharedMemory memory_{sizeof(Queue)};
    Queue& queue_ = memory_.at<Queue>(0);
    uint32_t next_index_ = 1;
};

class TutorialReceiver : public Receiver {
  public:
    explicit TutorialReceiver(const Assignment& a) : frame_(a.work.size.bytes()) {
        const Lock lock(queue_);
        ++queue_.readers;
        last_index_ = queue_.newest;
    }
    const std::byte* next() override {
        while (!try_pop()) sleep_for(kNapNs);
        return frame_.data();
    }
    void release() override {}
    bool copies() const override { return true; }

  private:
    bool try_pop() {
        const Lock lock(queue_);
        if (queue_.newest <= last_index_) return false;
        Queue::Cell& cell = queue_.cells[(last_index_ + 1) % kCells];
        std::memcpy(frame_.data(), cell.bytes, frame_.size());
        last_index_ = cell.index;
        --cell.unread;
        return true;
    }

    std::vector<std::byte> frame_;
    SharedMemory memory_{sizeof(Queue)};
    Queue& queue_ = memory_.at<Queue>(0);
    uint32_t last_index_;
};

}  // namespace

std::unique_ptr<Sender> open_sender(const Assignment& a) {
    return std::make_unique<TutorialSender>(a);
}

std::unique_ptr<Receiver> open_receiver(const Assignment& a) {
    return std::make_unique<TutorialReceiver>(a);
}

void become_daemon(const Assignment&) {}

}  // namespace camtap::bench
