// Eclipse iceoryx 2, with its daemon RouDi: chunks from a pool in shared memory, loaned and published.
#include <unistd.h>

#include <fstream>
#include <iceoryx_posh/popo/untyped_publisher.hpp>
#include <iceoryx_posh/popo/untyped_subscriber.hpp>
#include <iceoryx_posh/popo/wait_set.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>

#include "../peer.h"

namespace camtap::bench {
namespace {

// Frames that may wait for a reader. The least that it takes to see every frame in spite of a hiccup.
constexpr uint64_t kQueue = 4;

// RouDi fills all of its memory at its start, so this is what iceoryx needs and no more: the queues (which
// name the same few chunks), one chunk in the hands of each reader, one being filled, the last one, and one
// kept by the publisher to be used again.
uint64_t chunks(const Assignment& a) {
    return kQueue + a.work.readers + a.work.visitors + 3;
}

std::string configuration(const Assignment& a) {
    constexpr uint64_t kLine = 64;
    const uint64_t chunk = (a.work.size.bytes() + kLine - 1) / kLine * kLine;
    // RouDi and the runtimes tell each other of themselves through small chunks
    return "[general]\nversion = 1\n[[segment]]\n[[segment.mempool]]\nsize = 1024\ncount = 64\n"
           "[[segment.mempool]]\nsize = " +
           std::to_string(chunk) + "\ncount = " + std::to_string(chunks(a)) + "\n";
}

void join(const std::string& name) {
    iox::runtime::PoshRuntime::initRuntime(iox::RuntimeName_t(iox::cxx::TruncateToCapacity, name));
}

const iox::capro::ServiceDescription kService{"camtap", "bench", "frames"};

class IceoryxSender : public Sender {
  public:
    explicit IceoryxSender(const Assignment& a)
        : bytes_(static_cast<uint32_t>(a.work.size.bytes())), publisher_(kService, options(a)) {}

    std::byte* acquire() override {
        for (;;) {
            auto loaned = publisher_.loan(bytes_);
            if (!loaned.has_error()) {
                chunk_ = loaned.value();
                return static_cast<std::byte*>(chunk_);
            }
        }
    }
    void publish() override { publisher_.publish(chunk_); }

  private:
    static iox::popo::PublisherOptions options(const Assignment& a) {
        iox::popo::PublisherOptions o;
        o.historyCapacity = 1;
        o.subscriberTooSlowPolicy = a.work.every_frame
                                        ? iox::popo::ConsumerTooSlowPolicy::WAIT_FOR_CONSUMER
                                        : iox::popo::ConsumerTooSlowPolicy::DISCARD_OLDEST_DATA;
        return o;
    }

    const uint32_t bytes_;
    iox::popo::UntypedPublisher publisher_;
    void* chunk_ = nullptr;
};

class IceoryxReceiver : public Receiver {
  public:
    explicit IceoryxReceiver(const Assignment& a) : subscriber_(kService, options(a)) {
        wait_set_.attachState(subscriber_, iox::popo::SubscriberState::HAS_DATA).or_else([](auto) {
            throw std::runtime_error("iceoryx: the wait set takes no subscriber");
        });
    }

    const std::byte* next() override {
        for (;;) {
            auto taken = subscriber_.take();
            if (!taken.has_error()) {
                chunk_ = taken.value();
                return static_cast<const std::byte*>(chunk_);
            }
            wait_set_.wait();
        }
    }
    void release() override { subscriber_.release(chunk_); }

  private:
    static iox::popo::SubscriberOptions options(const Assignment& a) {
        iox::popo::SubscriberOptions o;
        o.queueCapacity = kQueue;
        o.historyRequest = 1;
        o.queueFullPolicy = a.work.every_frame ? iox::popo::QueueFullPolicy::BLOCK_PRODUCER
                                               : iox::popo::QueueFullPolicy::DISCARD_OLDEST_DATA;
        return o;
    }

    iox::popo::UntypedSubscriber subscriber_;
    iox::popo::WaitSet<1> wait_set_;
    const void* chunk_ = nullptr;
};

}  // namespace

std::unique_ptr<Sender> open_sender(const Assignment& a) {
    join("camtap-bench-writer-" + std::to_string(getpid()));
    return std::make_unique<IceoryxSender>(a);
}

std::unique_ptr<Receiver> open_receiver(const Assignment& a) {
    join("camtap-bench-reader-" + std::to_string(getpid()));
    return std::make_unique<IceoryxReceiver>(a);
}

void become_daemon(const Assignment& a) {
    const std::string config = file_in(a, "roudi.toml");
    std::ofstream(config) << configuration(a);
    execlp("iox-roudi", "iox-roudi", "--config-file", config.c_str(), "--monitoring-mode", "on",
           "--log-level", "warning", nullptr);
}

}  // namespace camtap::bench
