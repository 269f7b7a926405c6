// The test picture: a ball that bounces over colour bars, the frame's number and time burnt in, certified by
// pattern_frame.h.
#pragma once

#include <opencv2/core.hpp>

#include "daemon/source/options.h"
#include "daemon/source/pace.h"
#include "daemon/source/source.h"

namespace camtap::source {

// Every byte of a slot is written for every frame: slots hold old frames, in no order.
class PatternSource final : public Source {
  public:
    explicit PatternSource(PatternOptions options) : options_(options) {}

    Status open() override;
    Result<Next> next(int64_t now_ns) override;
    Frame read(const Target& target) override;
    void close() override { background_.release(); }

  private:
    void draw_moving(cv::Mat& picture) const;

    PatternOptions options_;
    cv::Mat background_;
    camtap_image image_ = CAMTAP_INIT(camtap_image);
    FrameClock clock_;
    uint64_t next_number_ = 0;
    uint64_t number_ = 0;  // of the frame at hand
    int64_t capture_ns_ = 0;
};

}  // namespace camtap::source
