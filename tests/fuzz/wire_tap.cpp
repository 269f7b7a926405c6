// A tap whose daemon and publisher are both in the hands of the input. Whatever they say, the tap's program
// gets frames that are there, errors that exist, and an account that balances; and no call of it hangs.
#include <vector>

#include "camtap/camtap.h"
#include "client/frame.h"
#include "common/clock.h"
#include "tests/fuzz/frame_check.h"
#include "tests/fuzz/hostile_daemon.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/waiting.h"

namespace camtap::fuzz {
namespace {

constexpr int64_t kTimeoutNs = 30 * kNsPerMs;

class TapProgram {
  public:
    explicit TapProgram(Input& input)
        : input_(input), daemon_(input), waiting_([this] { return daemon_.turn(); }) {}

    ~TapProgram() {
        if (input_.flag()) frames_.clear();
        camtap_tap_close(tap_);
        look_again();  // frames outlive their tap
    }

    void run() {
        if (!open()) return;
        while (!input_.used_up()) {
            use();
            look_again();
            check_status();
        }
    }

  private:
    // A program that is patient tries again.
    bool open() {
        camtap_tap_options options = CAMTAP_INIT(camtap_tap_options);
        options.socket_path = daemon_.socket_path();
        options.start_oldest = input_.below(2);
        options.attach_timeout_ns = input_.flag() ? 0 : kNsPerSecond;
        while (!input_.used_up()) {
            const camtap_error error = camtap_tap_open("front", &options, &tap_);
            if (error == CAMTAP_OK) return true;
            CAMTAP_CHECK(tap_ == nullptr && *camtap_last_error() != 0);
        }
        return false;
    }

    void use() {
        const int64_t timeout = input_.flag() ? 0 : kTimeoutNs;
        switch (input_.below(8)) {
            case 0:
                daemon_.turn();
                return;
            case 1:
                return take([&](camtap_frame** frame) { return camtap_tap_next(tap_, timeout, frame); });
            case 2:
                return take([&](camtap_frame** frame) { return camtap_tap_try_next(tap_, frame); });
            case 3: {
                const auto max_age = static_cast<int64_t>(input_.about<uint64_t>(0));
                return take(
                    [&](camtap_frame** frame) { return camtap_tap_latest(tap_, timeout, max_age, frame); });
            }
            case 4:
                CAMTAP_CHECK(camtap_tap_fd(tap_) >= 0);
                return;
            case 5:
                if (!frames_.empty()) {
                    frames_.erase(frames_.begin() + input_.below(static_cast<uint32_t>(frames_.size())));
                }
                return;
            case 6:
                waiting_.pass(kNsPerSecond);
                return;
            default:
                return take([&](camtap_frame** frame) { return camtap_tap_next(tap_, kTimeoutNs, frame); });
        }
    }

    template <class Call>
    void take(Call call) {
        camtap_frame* frame = nullptr;
        const camtap_error error = call(&frame);
        CAMTAP_CHECK((error == CAMTAP_OK) == (frame != nullptr));
        CAMTAP_CHECK(error <= CAMTAP_OK && error >= CAMTAP_ERROR_MALFORMED && error != CAMTAP_ERROR_FORKED);
        if (frame == nullptr) return;
        frames_.emplace_back(frame);
        std::vector<std::byte> copy(frame->info.image.bytes);
        CAMTAP_CHECK(camtap_frame_copy(frame, copy.data(), copy.size(), frame->info.image.stride) ==
                     CAMTAP_OK);
    }

    void look_again() const {
        for (const auto& frame : frames_) check_frame(*frame);
    }

    void check_status() {
        camtap_tap_status status = CAMTAP_INIT(camtap_tap_status);
        CAMTAP_CHECK(camtap_tap_get_status(tap_, &status) == CAMTAP_OK);
        CAMTAP_CHECK(status.state >= CAMTAP_CONNECTING && status.state <= CAMTAP_GONE);
        CAMTAP_CHECK(std::memchr(status.reason, 0, sizeof status.reason) != nullptr);
        CAMTAP_CHECK(status.expected == status.delivered + sum_of(status.missed));
        CAMTAP_CHECK(status.frames_held == frames_.size());
        CAMTAP_CHECK(status.max_pins >= 1 && status.max_pins <= layout::kMaxPinWords);
    }

    Input& input_;
    HostileDaemon daemon_;
    Waiting waiting_;
    camtap_tap* tap_ = nullptr;
    std::vector<client::FramePtr> frames_;
};

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    camtap::fuzz::Input input(data, bytes);
    camtap::fuzz::TapProgram(input).run();
    return 0;
}
