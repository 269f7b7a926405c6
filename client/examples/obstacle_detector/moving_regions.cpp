#include "moving_regions.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace {

constexpr int kHistory = 500;  // pictures that the background model remembers
constexpr double kBackgroundShare =
    0.7;  // of them: what was there for the rest, 150 pictures, is furniture now
constexpr double kVarianceThreshold = 36;
constexpr int kLearningPictures = 12;  // until then everything looks new
constexpr double kShadowThreshold = 0.5;

// Sizes are shares of the picture's height, so that the same scene works at any resolution.
constexpr double kGap = 0.021;            // parts of a person this far apart, top to bottom, belong together
constexpr double kSmallestArea = 0.0007;  // of a region, as a share of height squared
constexpr double kSmallestHeight = 0.045;
constexpr double kLargestHeight = 0.6;
constexpr double kMostMoving = 0.4;  // of the picture; if more differs, it's the light that changed

cv::Mat ellipse(double width, double height) {
    const auto odd = [](double x) { return std::max(1, static_cast<int>(std::lround(x)) | 1); };
    return cv::getStructuringElement(cv::MORPH_ELLIPSE, {odd(width), odd(height)});
}

struct Region {
    cv::Rect box;
    double area;  // pixels that moved
};

bool is_like_a_person(const Region& region, double picture_height) {
    const cv::Rect& box = region.box;
    if (region.area < kSmallestArea * picture_height * picture_height) return false;
    if (box.height < kSmallestHeight * picture_height || box.height > kLargestHeight * picture_height)
        return false;
    const double aspect = static_cast<double>(box.width) / box.height;
    const double filled = region.area / box.area();
    return aspect < 1.8 && filled > 0.25;  // people side by side are one region
}

std::vector<Region> regions_of(const cv::Mat& mask) {
    cv::Mat labels;
    cv::Mat stats;
    cv::Mat centres;
    const int count = cv::connectedComponentsWithStats(mask, labels, stats, centres);
    std::vector<Region> regions;
    for (int i = 1; i < count; ++i) {  // 0 is the background
        const int* s = stats.ptr<int>(i);
        const cv::Rect box(s[cv::CC_STAT_LEFT], s[cv::CC_STAT_TOP], s[cv::CC_STAT_WIDTH],
                           s[cv::CC_STAT_HEIGHT]);
        regions.push_back({box, static_cast<double>(s[cv::CC_STAT_AREA])});
    }
    return regions;
}

}  // namespace

MovingRegions::MovingRegions() {
    restart({});
}

void MovingRegions::restart(cv::Size size) {
    background_ = cv::createBackgroundSubtractorMOG2(kHistory, kVarianceThreshold, true);
    background_->setShadowThreshold(kShadowThreshold);
    background_->setBackgroundRatio(kBackgroundShare);
    size_ = size;
    pictures_ = 0;
}

std::vector<cv::Rect> MovingRegions::find(const cv::Mat& picture) {
    if (picture.size() != size_) restart(picture.size());
    cv::GaussianBlur(picture, smooth_, {5, 5}, 0);
    background_->apply(smooth_, mask_);
    if (++pictures_ < kLearningPictures) return {};

    const double height = picture.rows;
    cv::threshold(mask_, mask_, 200, 255, cv::THRESH_BINARY);  // shadows are 127
    cv::morphologyEx(mask_, mask_, cv::MORPH_OPEN, ellipse(3, 3));
    cv::morphologyEx(mask_, mask_, cv::MORPH_CLOSE, ellipse(0.3 * kGap * height, kGap * height));

    if (cv::countNonZero(mask_) > kMostMoving * static_cast<double>(mask_.total())) return {};
    std::vector<cv::Rect> boxes;
    for (const Region& region : regions_of(mask_)) {
        if (is_like_a_person(region, height)) boxes.push_back(region.box);
    }
    return boxes;
}
