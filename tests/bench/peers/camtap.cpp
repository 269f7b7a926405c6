// camtap itself, through its public interface.
#include <unistd.h>

#include <algorithm>
#include <camtap/camtap.hpp>
#include <fstream>

#include "../peer.h"

namespace camtap::bench {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr const char* kSocket = "camtap.sock";
constexpr const char* kStream = "frames";

std::string configuration(const Assignment& a) {
    const std::string video(a.video);
    const std::string source =
        video.empty() ? "\"publisher\"" : "\"video\"\npath = \"" + video + "\"\nloop = true";
    return "[[stream]]\nname = \"" + std::string(kStream) + "\"\nsource = " + source +
           "\ndepth = " + std::to_string(a.depth) +
           "\nmax_taps = " + std::to_string(std::max(1u, a.work.readers + a.work.visitors)) +
           "\nmax_memory = \"4 GiB\"\nallow_users = [\"*\"]\n";
}

camtap_publish_info describe(FrameSize size) {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.capture_origin = CAMTAP_ORIGIN_PUBLISHER;
    info.source_sequence = UINT64_MAX;
    info.image = CAMTAP_INIT(camtap_image);
    info.image.width = size.width;
    info.image.height = size.height;
    info.image.fourcc = CAMTAP_FOURCC_BGR8;
    info.image.channels = 3;
    info.image.stride = uint64_t{size.width} * 3;
    return info;
}

class CamtapSender : public Sender {
  public:
    explicit CamtapSender(const Assignment& a)
        : bytes_(a.work.size.bytes()), info_(describe(a.work.size)), publisher_(kStream, options(a)) {
        publisher_.acquire(bytes_);  // so that slots are there before anything is measured
    }
    std::byte* acquire() override {
        slot_.emplace(publisher_.acquire(bytes_));
        return static_cast<std::byte*>(slot_->data());
    }
    void publish() override { publisher_.publish(std::move(*slot_), info_); }

  private:
    static PublisherOptions options(const Assignment& a) {
        PublisherOptions o;
        o.stock = a.stock;
        o.attach_timeout = kPatience;
        o.socket_path = file_in(a, kSocket);
        return o;
    }

    const uint64_t bytes_;
    const camtap_publish_info info_;
    Publisher publisher_;
    std::optional<Slot> slot_;
};

class CamtapReceiver : public Receiver {
  public:
    explicit CamtapReceiver(const Assignment& a) : tap_(kStream, options(a)) { held_.reserve(2); }
    const std::byte* next() override {
        std::optional<Frame> frame = tap_.next();
        if (!frame) return nullptr;
        held_.push_back(std::move(*frame));
        return static_cast<const std::byte*>(held_.back().data());
    }
    void release() override { held_.erase(held_.begin()); }
    void copy_to(std::byte* destination, const std::byte*, size_t bytes) override {
        held_.back().copy_to(destination, bytes);
    }

  private:
    static TapOptions options(const Assignment& a) {
        TapOptions o;
        o.attach_timeout = kPatience;
        o.socket_path = file_in(a, kSocket);
        return o;
    }

    Tap tap_;
    std::vector<Frame> held_;
};

}  // namespace

std::unique_ptr<Sender> open_sender(const Assignment& a) {
    return std::make_unique<CamtapSender>(a);
}

std::unique_ptr<Receiver> open_receiver(const Assignment& a) {
    return std::make_unique<CamtapReceiver>(a);
}

void become_daemon(const Assignment& a) {
    const std::string config = file_in(a, "camtap.toml");
    const std::string socket = file_in(a, kSocket);
    std::ofstream(config) << configuration(a);
    execl(CAMTAPD, CAMTAPD, "--config", config.c_str(), "--socket", socket.c_str(), "--log-level", "warn",
          nullptr);
}

}  // namespace camtap::bench
