// In camtap-source's place: does what the words of `pipeline` say, one after the other, good or bad.
//
//   stock=N         slots that it asks for; first or not at all
//   publish=N       so many frames of one byte
//   grow            from here on frames of 100 000 bytes
//   loop            frames, 200 a second, until it is killed
//   stay            until it is killed
//   idle, end, fail reports that
//   hang-up         closes its connection, and lives on
//   deaf            ignores SIGTERM
//   exit=N          ends with that status
#include <camtap/camtap.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "common/seqpacket.h"

namespace {

constexpr int kConnection = 3;
constexpr int64_t kPatienceNs = 20'000'000'000;

std::vector<std::string> receive_arguments() {
    pollfd readable{kConnection, POLLIN, 0};
    poll(&readable, 1, -1);
    auto datagram = std::make_unique<camtap::Datagram>();
    camtap::receive(kConnection, *datagram);
    std::vector<std::string> arguments;
    const char* at = reinterpret_cast<const char*>(datagram->data) + sizeof(camtap::wire::Configure);
    const char* const end = reinterpret_cast<const char*>(datagram->data) + datagram->bytes;
    while (at < end) {
        arguments.emplace_back(at);
        at += arguments.back().size() + 1;
    }
    return arguments;
}

std::string value_of(const std::vector<std::string>& arguments, const std::string& option) {
    for (size_t i = 0; i + 1 < arguments.size(); ++i) {
        if (arguments[i] == option) return arguments[i + 1];
    }
    return {};
}

class Actor {
  public:
    Actor(const std::string& stream, uint32_t stock) {
        camtap_publisher_options options = CAMTAP_INIT(camtap_publisher_options);
        options.connection = kConnection;
        options.stock = stock;
        options.attach_timeout_ns = kPatienceNs;
        if (camtap_publisher_open(stream.c_str(), &options, &publisher_) != CAMTAP_OK) _exit(99);
    }

    void act(const std::string& word) {
        const std::string what = word.substr(0, word.find('='));
        const int number = word.size() > what.size() ? std::atoi(word.c_str() + what.size() + 1) : 0;
        if (what == "publish") {
            for (int i = 0; i < number; ++i) publish();
        } else if (what == "loop") {
            for (;; poll(nullptr, 0, 5)) publish();
        } else if (what == "grow") {
            bytes_ = 100'000;
        } else if (what == "idle") {
            report(CAMTAP_IDLE, "nothing to read yet");
        } else if (what == "end") {
            report(CAMTAP_AT_END, "the end of the script");
        } else if (what == "fail") {
            report(CAMTAP_FAILED, "the script says so");
        } else if (what == "hang-up") {
            close(kConnection);
        } else if (what == "deaf") {
            signal(SIGTERM, SIG_IGN);
        } else if (what == "stay") {
            for (;;) pause();
        } else if (what == "exit") {
            _exit(number);
        }
    }

  private:
    void publish() {
        camtap_slot slot = CAMTAP_INIT(camtap_slot);
        if (camtap_publisher_acquire(publisher_, bytes_, kPatienceNs, &slot) != CAMTAP_OK) _exit(98);
        camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
        info.source_sequence = UINT64_MAX;
        info.image = CAMTAP_INIT(camtap_image);
        info.image.width = bytes_;
        info.image.height = info.image.channels = 1;
        info.image.stride = bytes_;
        if (camtap_publisher_publish(publisher_, &slot, &info, nullptr) != CAMTAP_OK) _exit(97);
    }
    void report(camtap_activity activity, const char* text) {
        if (camtap_publisher_report(publisher_, activity, text) != CAMTAP_OK) _exit(96);
    }

    camtap_publisher* publisher_ = nullptr;
    uint32_t bytes_ = 1;
};

}  // namespace

int main() {
    const std::vector<std::string> arguments = receive_arguments();
    const std::string script = value_of(arguments, "--pipeline");
    const size_t stock = script.find("stock=");
    Actor actor(
        value_of(arguments, "--stream"),
        stock == std::string::npos ? 2 : static_cast<uint32_t>(std::atoi(script.c_str() + stock + 6)));
    std::istringstream words(script);
    for (std::string word; words >> word;) actor.act(word);
    return 0;
}
