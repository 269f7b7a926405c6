#include "annotated_output.h"

#include <cstdio>
#include <opencv2/imgcodecs.hpp>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kBetweenTries{1};
constexpr std::chrono::seconds kBetweenFiles{1};
constexpr std::chrono::milliseconds kAcquireTimeout{200};

}  // namespace

void AnnotatedStream::tell(const std::string& trouble) {
    if (trouble == told_) return;
    if (!trouble.empty()) std::fprintf(stderr, "obstacle_detector: %s; trying again\n", trouble.c_str());
    told_ = trouble;
}

void AnnotatedStream::publish(const cv::Mat& annotated, int64_t capture_ns) {
    if (Clock::now() < next_try_) return;
    try {
        if (!publisher_) publisher_.emplace(stream_);
        publish_copy(*publisher_, annotated, capture_ns, kAcquireTimeout);
        tell({});
    } catch (const camtap::Error& error) {
        tell(error.what());
        next_try_ = Clock::now() + kBetweenTries;
        // a lost slot or a daemon that is away mends itself; whatever else it was, a new publisher begins
        // afresh
        const bool mends_itself = error.code() == CAMTAP_ERROR_NO_SLOT ||
                                  error.code() == CAMTAP_ERROR_NO_DAEMON || error.code() == CAMTAP_ERROR_GONE;
        if (!mends_itself) publisher_.reset();
    }
}

void AnnotatedFiles::save(const cv::Mat& annotated, uint64_t sequence) {
    if (Clock::now() < next_) return;
    next_ = Clock::now() + kBetweenFiles;
    const std::filesystem::path file = directory_ / (std::to_string(sequence) + ".jpg");
    const std::filesystem::path part = directory_ / ("." + std::to_string(sequence) + ".part.jpg");
    try {
        if (!cv::imwrite(part.string(), annotated))
            throw std::runtime_error("writing " + part.string() + " failed");
        std::filesystem::rename(part, file);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "obstacle_detector: %s\n", error.what());
    }
}
