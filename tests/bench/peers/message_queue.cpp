// boost::interprocess::message_queue: every message goes to one receiver, so each reader has a queue of its
// own, which is copied into and out of.
#include <unistd.h>

#include <boost/interprocess/ipc/message_queue.hpp>
#include <list>
#include <vector>

#include "../peer.h"

namespace camtap::bench {
namespace {

using boost::interprocess::message_queue;

constexpr size_t kWaiting = 2;  // frames that may wait for a reader

// Queues have names of the whole machine; the lane's directory is unique in it.
std::string queue_name(const Assignment& a, uint32_t reader) {
    const std::string directory(a.directory);
    return directory.substr(directory.rfind('/') + 1) + "-" + std::to_string(reader);
}

// Owns: the names of the queues, of which the first are the readers'.
class QueueSender : public Sender {
  public:
    explicit QueueSender(const Assignment& a)
        : frame_(a.work.size.bytes()), every_frame_(a.work.every_frame) {
        for (uint32_t i = 0; i < a.work.readers; ++i) {
            queues_.emplace_back(boost::interprocess::open_or_create, queue_name(a, i).c_str(), kWaiting,
                                 frame_.size());
        }
    }
    std::byte* acquire() override { return frame_.data(); }
    bool copies() const override { return true; }
    void publish() override {
        for (message_queue& queue : queues_) {
            if (every_frame_)
                queue.send(frame_.data(), frame_.size(), 0);
            else
                (void)queue.try_send(frame_.data(), frame_.size(), 0);
        }
    }

  private:
    std::vector<std::byte> frame_;
    const bool every_frame_;
    std::list<message_queue> queues_;
};

class QueueReceiver : public Receiver {
  public:
    explicit QueueReceiver(const Assignment& a)
        : frame_(a.work.size.bytes()),
          queue_(boost::interprocess::open_or_create, queue_name(a, a.sheet).c_str(), kWaiting,
                 frame_.size()) {}
    const std::byte* next() override {
        message_queue::size_type size = 0;
        unsigned priority = 0;
        queue_.receive(frame_.data(), frame_.size(), size, priority);
        return frame_.data();
    }
    void release() override {}
    bool copies() const override { return true; }

  private:
    std::vector<std::byte> frame_;
    message_queue queue_;
};

}  // namespace

std::unique_ptr<Sender> open_sender(const Assignment& a) {
    return std::make_unique<QueueSender>(a);
}

std::unique_ptr<Receiver> open_receiver(const Assignment& a) {
    return std::make_unique<QueueReceiver>(a);
}

void become_daemon(const Assignment&) {}

}  // namespace camtap::bench
