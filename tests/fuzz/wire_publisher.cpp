// A publisher whose daemon is in the hands of the input. Whatever it says, every slot that the publisher's
// program gets is memory that can be filled, no two are the same, and no call hangs.
#include <algorithm>
#include <vector>

#include "camtap/camtap.h"
#include "common/check.h"
#include "common/clock.h"
#include "tests/fuzz/hostile_daemon.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/waiting.h"

namespace camtap::fuzz {
namespace {

constexpr int64_t kTimeoutNs = 30 * kNsPerMs;
constexpr size_t kMostHeld = 64;

class PublisherProgram {
  public:
    explicit PublisherProgram(Input& input)
        : input_(input), daemon_(input), waiting_([this] { return daemon_.turn(); }) {}

    ~PublisherProgram() { camtap_publisher_close(publisher_); }

    void run() {
        if (!open()) return;
        while (!input_.used_up()) {
            use();
            for (const camtap_slot& slot : held_) fill(slot);
        }
    }

  private:
    bool open() {
        camtap_publisher_options options = CAMTAP_INIT(camtap_publisher_options);
        options.stock = 1 + input_.below(4);
        while (!input_.used_up()) {
            options.attach_timeout_ns = input_.flag() ? 0 : kNsPerSecond;
            const bool given = input_.below(4) == 0;  // as camtapd does with the sources that it starts
            options.socket_path = given ? nullptr : daemon_.socket_path();
            options.connection = given ? daemon_.give_connection() : -1;
            const camtap_error error = camtap_publisher_open("front", &options, &publisher_);
            if (error == CAMTAP_OK) return true;
            CAMTAP_CHECK(publisher_ == nullptr && *camtap_last_error() != 0);
        }
        return false;
    }

    void use() {
        switch (input_.below(10)) {
            case 0:
                daemon_.turn();
                return;
            case 1:
            case 2:
            case 3:
                return acquire();
            case 4:
            case 5:
            case 6:
                return publish();
            case 7:
                return discard();
            case 8:
                return count();
            default:
                return report();
        }
    }

    void acquire() {
        if (held_.size() == kMostHeld) return;
        camtap_slot slot = CAMTAP_INIT(camtap_slot);
        const uint64_t bytes =
            input_.about<uint64_t>(input_.below(8) == 0 ? input_.take<uint16_t>() : wanted_);
        const int64_t timeout = input_.flag() ? 0 : kTimeoutNs;
        const camtap_error error = camtap_publisher_acquire(publisher_, bytes, timeout, &slot);
        CAMTAP_CHECK(error <= CAMTAP_OK && error >= CAMTAP_ERROR_MALFORMED);
        if (error != CAMTAP_OK) return;
        wanted_ = bytes;
        CAMTAP_CHECK(bytes > 0 && slot.capacity >= bytes);
        for (const camtap_slot& other : held_) CAMTAP_CHECK(apart(slot, other));
        fill(slot);
        held_.push_back(slot);
    }

    static bool apart(const camtap_slot& a, const camtap_slot& b) {
        const auto* begin = static_cast<const std::byte*>(a.data);
        const auto* other = static_cast<const std::byte*>(b.data);
        return begin + a.capacity <= other || other + b.capacity <= begin;
    }
    static void fill(const camtap_slot& slot) { std::memset(slot.data, 0x5a, slot.capacity); }

    void publish() {
        if (held_.empty()) return;
        const size_t which = input_.below(static_cast<uint32_t>(held_.size()));
        camtap_slot slot = held_[which];
        const bool as_it_is = input_.below(16) != 0;
        if (!as_it_is) input_.spoil(&slot, sizeof slot);
        camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
        info.image = CAMTAP_INIT(camtap_image);
        info.image.width = 1 + input_.below(16);
        info.image.height = info.image.channels = 1;
        info.image.stride = info.image.width;
        input_.spoil(&info, sizeof info);
        const camtap_error error = camtap_publisher_publish(publisher_, &slot, &info, nullptr);
        const bool gone = error == CAMTAP_OK || error == CAMTAP_ERROR_GONE;
        if (gone) std::erase_if(held_, [&](const camtap_slot& h) { return h.data == slot.data; });
        // What the program may not publish, it still holds
        CAMTAP_CHECK(gone || error == CAMTAP_ERROR_INVALID);
    }

    void discard() {
        if (held_.empty()) return;
        const size_t which = input_.below(static_cast<uint32_t>(held_.size()));
        camtap_publisher_discard(publisher_, &held_[which]);
        held_.erase(held_.begin() + static_cast<ptrdiff_t>(which));
    }

    void count() {
        const auto what = static_cast<camtap_count>(1 + input_.below(4));
        camtap_publisher_count(publisher_, what, input_.about<uint64_t>(1));
    }

    void report() {
        const auto activity = static_cast<camtap_activity>(input_.below(7));
        const camtap_error error = camtap_publisher_report(publisher_, activity, input_.text(64).c_str());
        CAMTAP_CHECK(activity != 0 && activity != 6 ? true : error == CAMTAP_ERROR_INVALID);
    }

    Input& input_;
    HostileDaemon daemon_;
    Waiting waiting_;
    camtap_publisher* publisher_ = nullptr;
    std::vector<camtap_slot> held_;
    uint64_t wanted_ = 100;
};

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    camtap::fuzz::Input input(data, bytes);
    camtap::fuzz::PublisherProgram(input).run();
    return 0;
}
