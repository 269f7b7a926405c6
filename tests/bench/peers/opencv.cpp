// No sharing at all: each reader decodes the video for itself, at the video's own pace. The "writer" makes a
// larger copy of the video before anything is measured.
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <optional>
#include <stdexcept>

#include "../pace.h"
#include "../peer.h"

namespace camtap::bench {
namespace {

void enlarge(const std::string& from, const std::string& to, FrameSize size) {
    cv::VideoCapture video(from);
    const cv::Size pixels(static_cast<int>(size.width), static_cast<int>(size.height));
    cv::VideoWriter larger(to, cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), video.get(cv::CAP_PROP_FPS),
                           pixels);
    if (!video.isOpened() || !larger.isOpened()) throw std::runtime_error("OpenCV can't enlarge the video");
    cv::Mat picture;
    cv::Mat enlarged;
    while (video.read(picture)) {
        cv::resize(picture, enlarged, pixels, 0, 0, cv::INTER_CUBIC);
        larger.write(enlarged);
    }
}

class Enlarger : public Sender {
  public:
    explicit Enlarger(const Assignment& a) { enlarge(a.video, file_in(a, "enlarged.avi"), a.work.size); }
    std::byte* acquire() override { throw std::logic_error("nothing is shared"); }
    void publish() override {}
};

class Decoder : public Receiver {
  public:
    explicit Decoder(const Assignment& a) : video_(a.video) {
        if (!video_.isOpened()) throw std::runtime_error("OpenCV can't open the video");
        pace_.emplace(static_cast<int64_t>(1e9 / video_.get(cv::CAP_PROP_FPS)));
    }
    const std::byte* next() override {
        pace_->wait();
        if (!video_.read(picture_)) {
            video_.set(cv::CAP_PROP_POS_FRAMES, 0);
            if (!video_.read(picture_)) return nullptr;
        }
        return reinterpret_cast<const std::byte*>(picture_.data);
    }
    void release() override {}
    bool copies() const override { return true; }

  private:
    cv::VideoCapture video_;
    std::optional<Pace> pace_;
    cv::Mat picture_;
};

}  // namespace

std::unique_ptr<Sender> open_sender(const Assignment& a) {
    return std::make_unique<Enlarger>(a);
}

std::unique_ptr<Receiver> open_receiver(const Assignment& a) {
    return std::make_unique<Decoder>(a);
}

void become_daemon(const Assignment&) {}

}  // namespace camtap::bench
