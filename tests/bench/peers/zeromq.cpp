// ZeroMQ, PUB and SUB over ipc: a message is copied into a socket and out of it for each reader.
#include <zmq.hpp>

#include "../peer.h"

namespace camtap::bench {
namespace {

// Frames that may wait for a reader, on either side; more are dropped, or with every_frame waited for.
constexpr int kHighWater = 4;

std::string endpoint(const Assignment& a) {
    return "ipc://" + file_in(a, "zeromq");
}

class ZeromqSender : public Sender {
  public:
    explicit ZeromqSender(const Assignment& a) : bytes_(a.work.size.bytes()) {
        socket_.set(zmq::sockopt::sndhwm, kHighWater);
        socket_.set(zmq::sockopt::xpub_nodrop, a.work.every_frame);
        socket_.bind(endpoint(a));
    }
    std::byte* acquire() override {
        message_.rebuild(bytes_);
        return static_cast<std::byte*>(message_.data());
    }
    void publish() override { socket_.send(message_, zmq::send_flags::none); }

  private:
    const size_t bytes_;
    zmq::context_t context_;
    zmq::socket_t socket_{context_, zmq::socket_type::pub};
    zmq::message_t message_;
};

class ZeromqReceiver : public Receiver {
  public:
    explicit ZeromqReceiver(const Assignment& a) {
        socket_.set(zmq::sockopt::rcvhwm, kHighWater);
        socket_.set(zmq::sockopt::subscribe, "");
        socket_.connect(endpoint(a));
    }
    const std::byte* next() override {
        if (!socket_.recv(message_)) return nullptr;
        return static_cast<const std::byte*>(message_.data());
    }
    void release() override { message_.rebuild(); }
    bool copies() const override { return true; }

  private:
    zmq::context_t context_;
    zmq::socket_t socket_{context_, zmq::socket_type::sub};
    zmq::message_t message_;
};

}  // namespace

std::unique_ptr<Sender> open_sender(const Assignment& a) {
    return std::make_unique<ZeromqSender>(a);
}

std::unique_ptr<Receiver> open_receiver(const Assignment& a) {
    return std::make_unique<ZeromqReceiver>(a);
}

void become_daemon(const Assignment&) {}

}  // namespace camtap::bench
