#include "daemon/source/pattern.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <opencv2/imgproc.hpp>

#include "daemon/source/pattern_frame.h"
#include "daemon/source/slot_mat.h"

namespace camtap::source {

namespace {

int mat_type(PatternFormat format) {
    switch (format) {
        case PatternFormat::bgr8:
            return CV_8UC3;
        case PatternFormat::gray8:
            return CV_8UC1;
        case PatternFormat::bgra8:
            return CV_8UC4;
        case PatternFormat::gray16:
            return CV_16UC1;
    }
    return CV_8UC3;
}

// A colour in the picture's own format; grey is made from it where there is no colour.
cv::Scalar color(int type, double blue, double green, double red) {
    const double scale = CV_MAT_DEPTH(type) == CV_16U ? 257 : 1;
    if (CV_MAT_CN(type) == 1) return cv::Scalar((0.114 * blue + 0.587 * green + 0.299 * red) * scale);
    return {blue, green, red, 255};
}

// Where something that moves `speed` pixels per frame between two walls is.
int bounced(uint64_t number, uint64_t speed, int room) {
    if (room <= 0) return 0;
    const auto period = 2 * static_cast<uint64_t>(room);
    const auto at = static_cast<int>(number % period * speed % period);
    return at <= room ? at : 2 * room - at;
}

cv::Mat color_bars(int width, int height, int type) {
    cv::Mat picture(height, width, type);
    constexpr int kBars = 8;
    for (int bar = 0; bar < kBars; ++bar) {
        const int left = width * bar / kBars;
        const int right = width * (bar + 1) / kBars;
        const double blue = (bar & 1) == 0 ? 191 : 32;
        const double red = (bar & 2) == 0 ? 191 : 32;
        const double green = (bar & 4) == 0 ? 191 : 32;
        if (right > left) picture.colRange(left, right).setTo(color(type, blue, green, red));
    }
    return picture;
}

}  // namespace

Status PatternSource::open() try {
    const int width = static_cast<int>(options_.width);
    const int height = static_cast<int>(options_.height);
    const int type = mat_type(options_.format);
    image_ = packed_image(width, height, type);
    background_ = color_bars(width, height, type);
    return Done{};
} catch (const std::exception& e) {
    return Error{Code::no_memory, 0, std::string("pattern: can't make the picture: ") + e.what()};
}

Result<Next> PatternSource::next(int64_t now_ns) {
    Next next;
    if (options_.frames > 0 && next_number_ == options_.frames) {
        next.kind = Next::Kind::ended;
        return next;
    }
    if (options_.fps > 0) {
        next.until_ns = clock_.due_ns(frame_offset_ns(next_number_, options_.fps), now_ns);
        if (next.until_ns > now_ns) return next;
    }
    number_ = next_number_++;
    capture_ns_ = now_ns;
    next.kind = Next::Kind::frame;
    next.bytes = image_.bytes;
    return next;
}

void PatternSource::draw_moving(cv::Mat& picture) const {
    const int type = picture.type();
    const int radius = std::min(picture.cols, picture.rows) / 10;
    if (radius >= 2) {
        const cv::Point center(radius + bounced(number_, 5, picture.cols - 2 * radius - 1),
                               radius + bounced(number_, 3, picture.rows - 2 * radius - 1));
        cv::circle(picture, center, radius, color(type, 255, 255, 255), cv::FILLED);
    }
    if (picture.rows < 24) return;
    std::array<char, 64> text{};
    const int64_t ms = capture_ns_ / kNsPerMs;
    std::snprintf(text.data(), text.size(), "#%" PRIu64 " %" PRId64 ".%03d s", number_, ms / 1000,
                  static_cast<int>(ms % 1000));
    const double scale = std::clamp(picture.rows / 480.0, 0.4, 3.0);
    const int line = static_cast<int>(30 * scale);
    cv::rectangle(picture, cv::Rect(0, picture.rows - line, picture.cols, line), color(type, 0, 0, 0),
                  cv::FILLED);
    cv::putText(picture, text.data(), cv::Point(4, picture.rows - line / 3), cv::FONT_HERSHEY_SIMPLEX,
                0.8 * scale, color(type, 255, 255, 255), scale < 1.5 ? 1 : 2);
}

Frame PatternSource::read(const Target& target) try {
    Frame frame;
    frame.image = image_;
    frame.kind = Frame::Kind::larger;
    if (image_.bytes > target.capacity) return frame;
    cv::Mat picture(background_.rows, background_.cols, background_.type(), target.data);
    background_.copyTo(picture);  // this is how the picture is made, not a copy on the way of a picture
    draw_moving(picture);
    certify_pattern(image_, target.data, number_, capture_ns_);
    frame.kind = Frame::Kind::whole;
    frame.capture_ns = capture_ns_;
    frame.capture_origin = CAMTAP_ORIGIN_PUBLISHER;
    frame.source_sequence = number_;
    return frame;
} catch (const std::exception& e) {
    Frame frame;
    frame.text = std::string("can't be drawn: ") + e.what();
    return frame;
}

}  // namespace camtap::source
