// A publisher and a tap of one stream, whose frames say their number, and what they do together.
#pragma once

#include <cstring>

#include "attempts.h"

namespace camtap::faults {

inline constexpr int kQuietMs = 20;  // so long, and there is no message on its way

class Pair {
  public:
    Pair(Attempts& attempts, std::string socket, std::string stream)
        : attempts_(attempts), socket_(std::move(socket)), stream_(std::move(stream)) {}
    ~Pair() { close(); }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    void open() {
        attempts_.make(stream_, "opening the publisher", [&] {
            camtap_publisher_options options = CAMTAP_INIT(camtap_publisher_options);
            options.socket_path = socket_.c_str();
            options.connection = -1;
            return camtap_publisher_open(stream_.c_str(), &options, &publisher_);
        });
        open_tap();
    }
    void open_tap() {
        attempts_.make(stream_, "opening the tap", [&] {
            camtap_tap_options options = CAMTAP_INIT(camtap_tap_options);
            options.socket_path = socket_.c_str();
            options.start_oldest = 1;
            return camtap_tap_open(stream_.c_str(), &options, &tap_);
        });
    }
    void close_tap() {
        camtap_tap_close(tap_);
        tap_ = nullptr;
        last_sequence_ = 0;  // another tap may begin earlier
    }
    void close() {
        close_tap();
        camtap_publisher_close(publisher_);
        publisher_ = nullptr;
    }

    void publish(uint32_t bytes) {
        ++number_;
        attempts_.make(stream_, "publishing", [&] {
            camtap_slot slot = CAMTAP_INIT(camtap_slot);
            const camtap_error acquired = camtap_publisher_acquire(publisher_, bytes, kGuardNs, &slot);
            if (acquired != CAMTAP_OK) return acquired;
            std::memset(slot.data, static_cast<int>(number_ & 0xff), bytes);
            camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
            info.source_sequence = number_;
            info.image = CAMTAP_INIT(camtap_image);
            info.image.width = bytes;
            info.image.height = info.image.channels = 1;
            info.image.stride = bytes;
            const camtap_error published = camtap_publisher_publish(publisher_, &slot, &info, nullptr);
            if (published != CAMTAP_OK) camtap_publisher_discard(publisher_, &slot);
            return published;
        });
    }
    // Takes frames until the one published last.
    void next() {
        take("next", [&](camtap_frame** frame) { return camtap_tap_next(tap_, kGuardNs, frame); });
    }
    void latest() {
        take("latest", [&](camtap_frame** frame) { return camtap_tap_latest(tap_, kGuardNs, 0, frame); });
    }
    // The same through the descriptor for an event loop: nothing is looked for before it is readable.
    void wait_for_descriptor() {
        take("try_next", [&](camtap_frame** frame) {
            const int64_t deadline = now_ns() + kGuardNs;
            for (;;) {
                pollfd readable{descriptor_, POLLIN, 0};
                if (poll(&readable, 1, static_cast<int>((deadline - now_ns()) / 1'000'000)) <= 0)
                    attempts_.blame("the tap's descriptor isn't readable although there is a frame");
                const camtap_error error = camtap_tap_try_next(tap_, frame);
                if (error != CAMTAP_ERROR_TIMEOUT || !attempts_.fault().empty()) return error;
            }
        });
    }
    // There is no frame yet, and the daemon knows that it is to tell of the next one: it has nothing more to
    // say.
    void arm() {
        pollfd readable{descriptor_, POLLIN, 0};
        do {
            attempts_.make(stream_, "arming", [&] {
                camtap_frame* frame = nullptr;
                const camtap_error error = camtap_tap_try_next(tap_, &frame);
                if (error == CAMTAP_OK) camtap_frame_release(frame);
                return error == CAMTAP_ERROR_TIMEOUT ? CAMTAP_OK : error;
            });
        } while (attempts_.fault().empty() && poll(&readable, 1, kQuietMs) > 0);
    }
    void make_descriptor() {
        attempts_.make(stream_, "the tap's descriptor", [&] {
            descriptor_ = camtap_tap_fd(tap_);
            return descriptor_ >= 0 ? CAMTAP_OK : static_cast<camtap_error>(descriptor_);
        });
    }
    camtap_tap* tap() const { return tap_; }
    camtap_publisher* publisher() const { return publisher_; }
    uint64_t missed() const { return missed_; }

  private:
    template <class Get>
    void take(const char* what, Get get) {
        uint64_t got = 0;
        while (got != number_ && attempts_.fault().empty()) {
            attempts_.make(stream_, what, [&] {
                camtap_frame* frame = nullptr;
                const camtap_error error = get(&frame);
                if (error != CAMTAP_OK) return error;
                got = judged(*frame);
                camtap_frame_release(frame);
                return CAMTAP_OK;
            });
        }
    }
    uint64_t judged(const camtap_frame& frame) {
        const camtap_frame_info& info = *camtap_frame_get_info(&frame);
        const auto* data = static_cast<const unsigned char*>(camtap_frame_data(&frame));
        for (uint64_t i = 0; i < info.image.bytes; ++i) {
            if (data[i] != (info.source_sequence & 0xff)) return torn();
        }
        if (info.sequence <= last_sequence_) attempts_.blame("a sequence number came twice or went back");
        last_sequence_ = info.sequence;
        missed_ += info.missed.no_slot + info.missed.too_slow + info.missed.restart + info.missed.source_gap;
        return info.source_sequence;
    }
    uint64_t torn() {
        attempts_.blame("a torn frame");
        return number_;
    }

    Attempts& attempts_;
    const std::string socket_;
    const std::string stream_;
    camtap_publisher* publisher_ = nullptr;
    camtap_tap* tap_ = nullptr;
    int descriptor_ = -1;
    uint64_t number_ = 0;
    uint64_t last_sequence_ = 0;
    uint64_t missed_ = 0;
};

}  // namespace camtap::faults
