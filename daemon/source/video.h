// Whatever cv::VideoCapture opens: files, network cameras, V4L2 devices, GStreamer pipelines.
//
// Copies: in OpenCV 4.6 every backend decodes and converts into a buffer of its own, and retrieve() copies
// that into the matrix it is given (FFmpeg, GStreamer, V4L2, the built-in Motion JPEG reader: all end in
// Mat::copyTo). The matrix is the slot, so this one copy is all, and it is counted: copies is 1, not 0.
//
// Frames may change size in mid-stream as far as the backend lets them: GStreamer does; FFmpeg in OpenCV 4.6
// goes on with the size that the stream began with, and what it then shows is wrong. There is no way to see
// that from here.
#pragma once

#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>
#include <string>

#include "daemon/source/options.h"
#include "daemon/source/pace.h"
#include "daemon/source/source.h"

namespace camtap::source {

// Blocking: open() and next() as long as the backend does: a dead camera for seconds, a wedged driver for
// ever. isOpened() is not asked after open(): after an unplug it goes on saying yes.
class VideoSource final : public Source {
  public:
    explicit VideoSource(VideoOptions options);

    Status open() override;
    Result<Next> next(int64_t now_ns) override;
    Frame read(const Target& target) override;
    void close() override;

  private:
    static constexpr int kPatience =
        3;  // failing reads of a live source, one after the other, until it counts as dead

    Status open_capture();
    bool try_backend(cv::VideoCaptureAPIs api);
    void tell_other_mode();
    int64_t driver_time_ns() const;
    bool grab();
    Result<Next> at_end(int64_t now_ns);
    Result<Next> after_live_failure(int64_t now_ns);
    void expect_size_of_header();
    Error failure(const std::string& what) const;

    VideoOptions options_;
    std::string words_;  // what is opened, without passwords
    cv::VideoCapture capture_;
    std::string fault_;  // OpenCV's words of the last exception
    double fps_ = 0;
    FrameClock clock_;
    uint64_t position_ = 0;      // frames read, over all rounds
    uint64_t round_frames_ = 0;  // frames read since the recording was opened
    int failures_ = 0;
    uint64_t expected_bytes_ = 1;  // of the next frame: as the last one, and the first as the header says
    int64_t capture_ns_ = 0;
    uint32_t capture_origin_ = CAMTAP_ORIGIN_READ_RETURN;
    cv::Mat spare_;  // retrieved already, waiting for a larger slot
};

}  // namespace camtap::source
