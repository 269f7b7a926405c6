#include "daemon/source/video.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/videoio/registry.hpp>
#include <vector>

#include "common/clock.h"
#include "common/unique_fd.h"
#include "daemon/source/redact.h"
#include "daemon/source/slot_mat.h"

namespace camtap::source {

namespace {

using Kind = VideoOptions::Kind;

constexpr double kDefaultFps = 25;  // of a recording that doesn't say
constexpr double kMaxFps = 1000;    // more is a header's nonsense
constexpr int64_t kRetryNs = 20 * kNsPerMs;

// Codecs comment on every frame, with addresses and passwords in plain text. What an operator must know comes
// from us.
void quieten_libraries() {
    setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0);  // AV_LOG_QUIET; an operator may set something else
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
}

bool is_number(const std::string& s) {
    return !s.empty() && s.size() <= 4 &&
           std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

const char* file_fault(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return std::strerror(errno);
    if (S_ISDIR(status.st_mode)) return "it is a directory (source = \"images\" shows those)";
    if (!S_ISREG(status.st_mode)) return "it is not a regular file";
    if (status.st_size == 0) return "it is empty";
    return nullptr;
}

const char* device_fault(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return std::strerror(errno);
    if (!S_ISCHR(status.st_mode)) return "it is not a device";
    return access(path.c_str(), R_OK | W_OK) == 0 ? nullptr : std::strerror(errno);
}

std::string device_path(const std::string& where) {
    return is_number(where) ? "/dev/video" + where : where;
}

bool has_network() {
    for (const int family : {AF_INET, AF_INET6}) {
        if (UniqueFd(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0))) return true;
    }
    return false;
}

// The service keeps its sources off the network until an operator opens it for them.
std::string network_hint(const VideoOptions& options) {
    const bool is_address = options.kind == Kind::url || options.kind == Kind::pipeline;
    if (!is_address || options.where.find("://") == std::string::npos || has_network()) return {};
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    return "; the service has no network: " +
           (self / "../../share/camtap/network.conf").lexically_normal().string() + " opens it, and says how";
}

bool is_built_in(cv::VideoCaptureAPIs api) {
    const auto built_in = cv::videoio_registry::getBackends();
    return std::find(built_in.begin(), built_in.end(), api) != built_in.end();
}

// Which backends to try, in order. GStreamer, given a file or an address that it can't read, takes seconds to
// find out, or hangs: where FFmpeg is at hand, it is for those who ask for it.
std::vector<cv::VideoCaptureAPIs> backends(const VideoOptions& options) {
    switch (options.backend) {
        case Backend::ffmpeg:
            return {cv::CAP_FFMPEG};
        case Backend::gstreamer:
            return {cv::CAP_GSTREAMER};
        case Backend::v4l2:
            return {cv::CAP_V4L2};
        case Backend::any:
            break;
    }
    if (options.kind == Kind::pipeline) return {cv::CAP_GSTREAMER};
    if (options.kind == Kind::device) return {cv::CAP_V4L2};
    std::vector<cv::VideoCaptureAPIs> all = {is_built_in(cv::CAP_FFMPEG) ? cv::CAP_FFMPEG
                                                                         : cv::CAP_GSTREAMER};
    if (options.kind == Kind::path) all.push_back(cv::CAP_OPENCV_MJPEG);
    return all;
}

std::string described(const VideoOptions& options) {
    switch (options.kind) {
        case Kind::path:
            return "the file " + options.where;
        case Kind::url:
            return redact(options.where);
        case Kind::device:
            return "the device " + device_path(options.where);
        case Kind::pipeline:
            return "the pipeline \"" + redact(options.where) + "\"";
    }
    return {};
}

int code_of(const std::string& fourcc) {
    return cv::VideoWriter::fourcc(fourcc[0], fourcc[1], fourcc[2], fourcc[3]);
}

std::vector<int> wishes_of(const VideoOptions& options) {
    std::vector<int> wishes;
    if (!options.fourcc.empty()) wishes = {cv::CAP_PROP_FOURCC, code_of(options.fourcc)};
    if (options.width > 0) {
        const auto width = static_cast<int>(options.width);
        const auto height = static_cast<int>(options.height);
        wishes.insert(wishes.end(), {cv::CAP_PROP_FRAME_WIDTH, width, cv::CAP_PROP_FRAME_HEIGHT, height});
    }
    if (options.fps > 0) {
        wishes.insert(wishes.end(), {cv::CAP_PROP_FPS, static_cast<int>(std::lround(options.fps))});
    }
    return wishes;
}

}  // namespace

VideoSource::VideoSource(VideoOptions options) : options_(std::move(options)), words_(described(options_)) {}

Error VideoSource::failure(const std::string& what) const {
    std::string text = "video: " + what;
    if (!fault_.empty()) text += " (" + redact(fault_) + ")";
    return Error{Code::invalid, 0, std::move(text)};
}

// A driver gives what comes nearest.
void VideoSource::tell_other_mode() {
    const auto width = static_cast<uint32_t>(capture_.get(cv::CAP_PROP_FRAME_WIDTH));
    const auto height = static_cast<uint32_t>(capture_.get(cv::CAP_PROP_FRAME_HEIGHT));
    if (options_.width > 0 && (width != options_.width || height != options_.height)) {
        spdlog::warn("{} gives {}x{} instead of {}x{}", words_, width, height, options_.width,
                     options_.height);
    }
    if (options_.fourcc.empty()) return;
    const auto code = static_cast<int>(capture_.get(cv::CAP_PROP_FOURCC));
    if (code != code_of(options_.fourcc)) {
        const char given[] = {static_cast<char>(code), static_cast<char>(code >> 8),
                              static_cast<char>(code >> 16), static_cast<char>(code >> 24), 0};
        spdlog::warn("{} gives {} instead of {}", words_, given, options_.fourcc);
    }
}

// When the driver had the picture, by the clock that is ours, too; 0: it doesn't say.
int64_t VideoSource::driver_time_ns() const {
    if (options_.kind != Kind::device) return 0;
    const double ms = capture_.get(cv::CAP_PROP_POS_MSEC);
    const double now_ms = static_cast<double>(monotonic_ns()) / 1e6;
    constexpr double kOldest = 10'000;  // else it is of another clock
    constexpr double kNewest = 1'000;   // some drivers foresee the end of an exposure
    return ms > now_ms - kOldest && ms < now_ms + kNewest ? static_cast<int64_t>(ms * 1e6) : 0;
}

bool VideoSource::try_backend(cv::VideoCaptureAPIs api) try {
    if (options_.kind != Kind::device) return capture_.open(options_.where, api);
    const std::vector<int> wishes = wishes_of(options_);
    const bool is_open = is_number(options_.where)
                             ? capture_.open(std::atoi(options_.where.c_str()), api, wishes)
                             : capture_.open(options_.where, api, wishes);
    if (is_open) tell_other_mode();
    return is_open;
} catch (const std::exception& e) {
    fault_ = e.what();
    return false;
}

Status VideoSource::open_capture() {
    const char* fault = nullptr;
    if (options_.kind == Kind::path) fault = file_fault(options_.where);
    if (options_.kind == Kind::device) fault = device_fault(device_path(options_.where));
    if (fault != nullptr) return failure("can't open " + words_ + ": " + fault);
    std::string tried;
    const int64_t begin_ns = monotonic_ns();
    for (const cv::VideoCaptureAPIs api : backends(options_)) {
        if (!is_built_in(api)) continue;
        tried += (tried.empty() ? "" : ", ") + std::string(cv::videoio_registry::getBackendName(api));
        if (try_backend(api)) return Done{};
    }
    if (tried.empty()) return failure("this OpenCV was built without a backend for " + words_);
    const int64_t seconds = (monotonic_ns() - begin_ns) / kNsPerSecond;
    const char* answer =
        options_.kind == Kind::url ? ": no answer, or none that is a video" : ": nothing that can be decoded";
    return failure("can't open " + words_ + answer + " (tried " + tried + ", for " + std::to_string(seconds) +
                   " s)" + network_hint(options_));
}

void VideoSource::expect_size_of_header() {
    const double width = capture_.get(cv::CAP_PROP_FRAME_WIDTH);
    const double height = capture_.get(cv::CAP_PROP_FRAME_HEIGHT);
    constexpr double kMaxSide = 65535;
    if (!(width >= 1 && width <= kMaxSide && height >= 1 && height <= kMaxSide))
        return;  // the first frame will show
    expected_bytes_ = static_cast<uint64_t>(width) * static_cast<uint64_t>(height) * 3;
}

Status VideoSource::open() try {
    quieten_libraries();
    if (Status status = open_capture(); !status) return status;
    fps_ = options_.fps > 0 ? options_.fps : capture_.get(cv::CAP_PROP_FPS);
    if (!(fps_ > 0 && (options_.fps > 0 || fps_ <= kMaxFps))) fps_ = kDefaultFps;
    expect_size_of_header();
    return Done{};
} catch (const std::exception& e) {
    fault_ = e.what();
    return failure("can't open " + words_);
}

bool VideoSource::grab() try { return capture_.grab(); } catch (const std::exception& e) {
    fault_ = e.what();
    return false;
}

// A recording is read again from its beginning by opening it again: not every container can seek, and a
// decoder that has seen the end may not start afresh.
Result<Next> VideoSource::at_end(int64_t now_ns) {
    if (round_frames_ == 0) return failure("there are no frames in " + words_);
    Next next;
    if (!options_.loop) {
        next.kind = Next::Kind::ended;
        const double promised = capture_.get(cv::CAP_PROP_FRAME_COUNT);
        if (promised > static_cast<double>(round_frames_) && promised < 1e12) {
            next.text = "it ended after " + std::to_string(round_frames_) +
                        " frames, though its header promises " + std::to_string(std::llround(promised)) +
                        ": cut off?";
        }
        return next;
    }
    capture_.release();
    if (Status status = open_capture(); !status) return status.error();
    round_frames_ = 0;
    next.until_ns = now_ns;
    return next;
}

Result<Next> VideoSource::after_live_failure(int64_t now_ns) {
    if (++failures_ >= kPatience) return failure(words_ + " stopped delivering frames");
    Next next;
    next.until_ns = now_ns + kRetryNs;
    return next;
}

Result<Next> VideoSource::next(int64_t now_ns) {
    spare_.release();
    Next next;
    if (options_.is_paced()) {
        next.until_ns = clock_.due_ns(frame_offset_ns(position_, fps_), now_ns);
        if (next.until_ns > now_ns) return next;
    }
    if (!grab()) return options_.is_recording() ? at_end(now_ns) : after_live_failure(now_ns);
    failures_ = 0;
    fault_.clear();
    const int64_t driver_ns = driver_time_ns();
    capture_origin_ = options_.is_paced() ? CAMTAP_ORIGIN_FILE
                      : driver_ns != 0    ? CAMTAP_ORIGIN_DRIVER
                                          : CAMTAP_ORIGIN_READ_RETURN;
    capture_ns_ = options_.is_paced() ? next.until_ns : driver_ns != 0 ? driver_ns : monotonic_ns();
    ++position_;
    ++round_frames_;
    next.kind = Next::Kind::frame;
    next.bytes = expected_bytes_;
    return next;
}

Frame VideoSource::read(const Target& target) try {
    Frame frame;
    frame.capture_ns = capture_ns_;
    frame.capture_origin = capture_origin_;
    if (options_.is_recording()) frame.source_sequence = position_ - 1;
    frame.copies = 1;  // inside retrieve(), see above
    SlotMat slot(target);
    if (!spare_.empty()) {
        settle(spare_, target, frame);
        return frame;
    }
    if (!capture_.retrieve(slot.mat())) slot.mat().release();
    settle(slot.mat(), target, frame);
    if (frame.kind != Frame::Kind::lost) expected_bytes_ = frame.image.bytes;
    if (frame.kind == Frame::Kind::larger) {
        spare_ = slot.mat();
        spare_.allocator = nullptr;  // the slot's goes with this call
    }
    return frame;
} catch (const std::exception& e) {
    Frame frame;
    frame.text = std::string("a frame can't be decoded: ") + e.what();
    return frame;
}

void VideoSource::close() try {
    spare_.release();
    capture_.release();
} catch (const std::exception&) {  // it is given up anyway
}

}  // namespace camtap::source
