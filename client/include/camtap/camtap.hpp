// libcamtap in C++17: a thin, header-only veneer over camtap.h, which holds the full contract of every call
// (threads, blocking, units, fork). Nothing here has state of its own: each class owns one C handle.
//
//     camtap::Tap tap("front");
//     while (auto frame = tap.next(std::chrono::seconds(1))) use(frame->data(), frame->info());
//
// Two ways to hear of failure: opening throws camtap::Error (there is no object without it); waiting returns
// an empty optional when no frame came (timeout, stale, ended, gone: see Tap::last()), and throws for
// everything else.
#ifndef CAMTAP_CAMTAP_HPP
#define CAMTAP_CAMTAP_HPP

#include <camtap/camtap.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace camtap {
// Inline, so that the names of this veneer are its own for the linker, whatever else lives in a namespace
// camtap.
inline namespace v0 {

class Error : public std::runtime_error {
  public:
    Error(camtap_error code, const std::string& message) : std::runtime_error(message), code_(code) {}
    camtap_error code() const noexcept { return code_; }

  private:
    camtap_error code_;
};

namespace detail {
inline void check(camtap_error code) {
    if (code != CAMTAP_OK) throw Error(code, camtap_last_error());
}
inline int64_t ns(std::chrono::nanoseconds t) {
    return t.count();
}
}  // namespace detail

inline constexpr std::chrono::nanoseconds kForever{-1};  // as a timeout: wait for ever; as max_age: any age

// Owns: one pinned frame. Movable, not copyable; releases the frame when it dies, from any thread, after its
// Tap too.
class Frame {
  public:
    explicit Frame(camtap_frame* frame) noexcept : frame_(frame) {}
    Frame(Frame&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    Frame& operator=(Frame&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;
    ~Frame() {
        if (frame_ != nullptr) camtap_frame_release(frame_);  // most were moved from
    }

    const camtap_frame_info& info() const noexcept { return *camtap_frame_get_info(frame_); }
    const camtap_image& image() const noexcept { return info().image; }
    uint64_t sequence() const noexcept { return info().sequence; }

    // Read-only shared memory; valid while this Frame lives. Not to be called on a temporary.
    const void* data() const& noexcept { return camtap_frame_data(frame_); }
    const void* data() const&& = delete;

    // Rows `stride` bytes apart; 0 = packed. Throws Error (too_big).
    void copy_to(void* destination, size_t bytes, size_t stride = 0) const {
        detail::check(camtap_frame_copy(frame_, destination, bytes, stride));
    }

    // With <camtap/opencv.hpp>: copies into a cv::Mat, which is allocated only if it has another size or
    // type.
    template <class Matrix>
    void copy_to(Matrix& destination) const {
        copy_frame(*this, destination);
    }

    // How long ago the picture was taken.
    std::chrono::nanoseconds age() const noexcept {
        return std::chrono::steady_clock::now().time_since_epoch() -
               std::chrono::nanoseconds(info().capture_ns);
    }

  private:
    camtap_frame* frame_;
};

struct TapOptions {
    bool start_oldest = false;
    std::chrono::nanoseconds attach_timeout{0};  // 0: fail at once if daemon or stream aren't there; kForever
    std::string socket_path;                     // empty: as camtap.h says
};

// Owns: one tap. Movable. One thread at a time.
class Tap {
  public:
    explicit Tap(const std::string& stream, const TapOptions& options = {}) {
        camtap_tap_options o = CAMTAP_INIT(camtap_tap_options);
        o.start_oldest = options.start_oldest ? 1 : 0;
        o.attach_timeout_ns = detail::ns(options.attach_timeout);
        o.socket_path = options.socket_path.empty() ? nullptr : options.socket_path.c_str();
        // a name with a NUL inside must not be taken for the shorter name before it
        const std::string& name = stream.find('\0') == std::string::npos ? stream : std::string("\\0");
        detail::check(camtap_tap_open(name.c_str(), &o, &tap_));
    }
    Tap(Tap&& other) noexcept : tap_(std::exchange(other.tap_, nullptr)), last_(other.last_) {}
    Tap& operator=(Tap&& other) noexcept {
        std::swap(tap_, other.tap_);
        std::swap(last_, other.last_);
        return *this;
    }
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;
    ~Tap() { camtap_tap_close(tap_); }

    // Every frame in order. Empty: no frame before the timeout, or none ever again (ended, gone): see last().
    std::optional<Frame> next(std::chrono::nanoseconds timeout = kForever) {
        camtap_frame* frame = nullptr;
        const camtap_error code = camtap_tap_next(tap_, detail::ns(timeout), &frame);
        return take(code, frame);
    }
    // The same without blocking.
    std::optional<Frame> try_next() {
        camtap_frame* frame = nullptr;
        const camtap_error code = camtap_tap_try_next(tap_, &frame);
        return take(code, frame);
    }
    // The newest frame that this tap hasn't had, never one older than max_age. Empty: as for next(), or
    // stale.
    std::optional<Frame> latest(std::chrono::nanoseconds timeout = kForever,
                                std::chrono::nanoseconds max_age = kForever) {
        camtap_frame* frame = nullptr;
        const camtap_error code = camtap_tap_latest(tap_, detail::ns(timeout), detail::ns(max_age), &frame);
        return take(code, frame);
    }

    // Why the last call returned no frame: CAMTAP_ERROR_TIMEOUT, _STALE, _ENDED or _GONE; CAMTAP_OK after a
    // frame.
    camtap_error last() const noexcept { return last_; }

    // To poll for reading; see camtap_tap_fd. Throws Error.
    int fd() {
        const int fd = camtap_tap_fd(tap_);
        if (fd < 0) detail::check(static_cast<camtap_error>(fd));
        return fd;
    }

    camtap_tap_status status() const {
        camtap_tap_status s = CAMTAP_INIT(camtap_tap_status);
        detail::check(camtap_tap_get_status(tap_, &s));
        return s;
    }

  private:
    std::optional<Frame> take(camtap_error code, camtap_frame* frame) {
        last_ = code;
        switch (code) {
            case CAMTAP_OK:
                return Frame(frame);
            case CAMTAP_ERROR_TIMEOUT:
            case CAMTAP_ERROR_STALE:
            case CAMTAP_ERROR_ENDED:
            case CAMTAP_ERROR_GONE:
                return std::nullopt;
            default:
                throw Error(code, camtap_last_error());
        }
    }

    camtap_tap* tap_ = nullptr;
    camtap_error last_ = CAMTAP_OK;
};

struct PublisherOptions {
    uint32_t stock = 3;
    std::chrono::nanoseconds attach_timeout{0};
    std::string socket_path;
    int connection = -1;
};

class Publisher;

// Owns: one slot to be filled. Movable; gives the slot back unpublished when it dies. Must not outlive its
// Publisher.
class Slot {
  public:
    Slot(Slot&& other) noexcept : publisher_(std::exchange(other.publisher_, nullptr)), slot_(other.slot_) {}
    Slot& operator=(Slot&& other) noexcept {
        std::swap(publisher_, other.publisher_);
        std::swap(slot_, other.slot_);
        return *this;
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() {
        if (publisher_ != nullptr) camtap_publisher_discard(publisher_, &slot_);
    }
    void* data() const noexcept { return slot_.data; }
    uint64_t capacity() const noexcept { return slot_.capacity; }

  private:
    friend class Publisher;
    Slot(camtap_publisher* publisher, const camtap_slot& slot) noexcept
        : publisher_(publisher), slot_(slot) {}
    camtap_publisher* publisher_;
    camtap_slot slot_;
};

// Owns: the right to publish one stream. Movable. One thread at a time. Every call throws Error on failure.
class Publisher {
  public:
    explicit Publisher(const std::string& stream, const PublisherOptions& options = {}) {
        camtap_publisher_options o = CAMTAP_INIT(camtap_publisher_options);
        o.stock = options.stock;
        o.attach_timeout_ns = detail::ns(options.attach_timeout);
        o.socket_path = options.socket_path.empty() ? nullptr : options.socket_path.c_str();
        o.connection = options.connection;
        const std::string& name = stream.find('\0') == std::string::npos ? stream : std::string("\\0");
        detail::check(camtap_publisher_open(name.c_str(), &o, &publisher_));
    }
    Publisher(Publisher&& other) noexcept : publisher_(std::exchange(other.publisher_, nullptr)) {}
    Publisher& operator=(Publisher&& other) noexcept {
        std::swap(publisher_, other.publisher_);
        return *this;
    }
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;
    ~Publisher() { camtap_publisher_close(publisher_); }

    // A slot for `bytes`. No reader delays it; where taps have come or gone it asks the daemon: see
    // camtap_publisher_acquire.
    Slot acquire(uint64_t bytes, std::chrono::nanoseconds timeout = std::chrono::seconds(5)) {
        camtap_slot slot = CAMTAP_INIT(camtap_slot);
        detail::check(camtap_publisher_acquire(publisher_, bytes, detail::ns(timeout), &slot));
        return Slot(publisher_, slot);
    }

    // Makes the slot the stream's next frame; returns its sequence number.
    uint64_t publish(Slot slot, const camtap_publish_info& info) {
        uint64_t sequence = 0;
        detail::check(camtap_publisher_publish(publisher_, &slot.slot_, &info, &sequence));
        slot.publisher_ = nullptr;
        return sequence;
    }

    // With <camtap/opencv.hpp>: publishes a copy of a cv::Mat (rows packed, continuous or not); returns its
    // number.
    template <class Matrix>
    uint64_t publish(const Matrix& matrix) {
        return publish_copy(*this, matrix);
    }

    void count(camtap_count what, uint64_t n = 1) noexcept { camtap_publisher_count(publisher_, what, n); }
    void report(camtap_activity activity, const std::string& text = {}) {
        detail::check(camtap_publisher_report(publisher_, activity, text.c_str()));
    }

  private:
    camtap_publisher* publisher_ = nullptr;
};

inline std::string format_name(const camtap_image& image) {
    char text[16] = {};
    camtap_format_name(&image, text, sizeof text);
    return text;
}

// Socket path empty: as camtap.h says. `stream` empty: all. Throw Error.
inline std::vector<camtap_stream_info> list_streams(
    const std::string& socket_path = {}, const std::string& stream = {},
    std::chrono::nanoseconds timeout = std::chrono::seconds(5)) {
    camtap_stream_info* array = nullptr;
    size_t count = 0;
    detail::check(camtap_list_streams(socket_path.empty() ? nullptr : socket_path.c_str(),
                                      stream.empty() ? nullptr : stream.c_str(), detail::ns(timeout), &array,
                                      &count));
    std::vector<camtap_stream_info> streams(array, array + count);
    camtap_free(array);
    return streams;
}
inline std::vector<camtap_tap_info> list_taps(const std::string& socket_path = {},
                                              const std::string& stream = {},
                                              std::chrono::nanoseconds timeout = std::chrono::seconds(5)) {
    camtap_tap_info* array = nullptr;
    size_t count = 0;
    detail::check(camtap_list_taps(socket_path.empty() ? nullptr : socket_path.c_str(),
                                   stream.empty() ? nullptr : stream.c_str(), detail::ns(timeout), &array,
                                   &count));
    std::vector<camtap_tap_info> taps(array, array + count);
    camtap_free(array);
    return taps;
}

// Has the daemon read its configuration again. Throws Error, whose words say file, line, column and key if the
// configuration is what is wrong.
inline camtap_reload_result reload(const std::string& socket_path = {},
                                   std::chrono::nanoseconds timeout = std::chrono::seconds(10)) {
    camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
    const camtap_error code =
        camtap_reload(socket_path.empty() ? nullptr : socket_path.c_str(), detail::ns(timeout), &result);
    if (code == CAMTAP_ERROR_INVALID) throw Error(code, result.message);
    detail::check(code);
    return result;
}

}  // namespace v0
}  // namespace camtap

#endif
