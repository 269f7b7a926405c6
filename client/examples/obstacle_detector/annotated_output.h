// What becomes of the annotated pictures: published as a stream, and saved as a file every second.
#pragma once

#include <camtap/opencv.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

// Publishes into a stream, and goes on trying when the daemon or the right to publish isn't there at the
// moment.
//
// Blocking: up to five seconds while the daemon doesn't answer. Errors: on stderr, each once as long as it lasts.
class AnnotatedStream {
  public:
    explicit AnnotatedStream(std::string stream) : stream_(std::move(stream)) {}

    // capture_ns: when the picture was taken that `annotated` was made from.
    void publish(const cv::Mat& annotated, int64_t capture_ns);

  private:
    void tell(const std::string& trouble);

    std::string stream_;
    std::optional<camtap::Publisher> publisher_;
    std::chrono::steady_clock::time_point next_try_{};
    std::string told_;
};

// Writes SEQUENCE.jpg, never seen half-written, at most once a second. Errors: on stderr.
class AnnotatedFiles {
  public:
    explicit AnnotatedFiles(std::filesystem::path directory) : directory_(std::move(directory)) {}

    void save(const cv::Mat& annotated, uint64_t sequence);

  private:
    std::filesystem::path directory_;
    std::chrono::steady_clock::time_point next_{};
};
