#include "annotate.h"

#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <sstream>

namespace {

// Of colours that differ well, the one of this id: the eye follows it from picture to picture.
cv::Scalar colour_of(int id) {
    static const std::array<cv::Scalar, 6> kColours = {cv::Scalar(60, 60, 255), {60, 200, 60},
                                                       {255, 140, 40},          {40, 200, 255},
                                                       {255, 80, 200},          {220, 220, 60}};
    return kColours[static_cast<size_t>(id) % kColours.size()];
}

cv::Rect rounded(const cv::Rect2d& box) {
    return {cv::Point(static_cast<int>(std::lround(box.x)), static_cast<int>(std::lround(box.y))),
            cv::Size(static_cast<int>(std::lround(box.width)), static_cast<int>(std::lround(box.height)))};
}

}  // namespace

void draw_tracks(cv::Mat& picture, const std::vector<Track>& tracks) {
    for (const Track& track : tracks) {
        const cv::Rect box = rounded(track.box);
        const cv::Point label(box.x, std::max(12, box.y - 4));
        cv::rectangle(picture, box, colour_of(track.id), 2);
        cv::putText(picture, std::to_string(track.id), label, cv::FONT_HERSHEY_SIMPLEX, 0.5, {0, 0, 0}, 3);
        cv::putText(picture, std::to_string(track.id), label, cv::FONT_HERSHEY_SIMPLEX, 0.5,
                    colour_of(track.id), 1);
    }
}

std::string tracks_as_json(const camtap_frame_info& info, double age_ms, const std::vector<Track>& tracks) {
    const cv::Rect whole(0, 0, static_cast<int>(info.image.width), static_cast<int>(info.image.height));
    std::ostringstream json;
    json << R"({"sequence":)" << info.sequence << R"(,"capture_ns":)" << info.capture_ns << R"(,"age_ms":)"
         << age_ms << R"(,"boxes":[)";
    const char* separator = "";
    for (const Track& track : tracks) {
        const cv::Rect box =
            rounded(track.box) & whole;  // a box may look out over the edge; its pixels don't
        if (box.empty()) continue;
        json << separator << R"({"id":)" << track.id << R"(,"x":)" << box.x << R"(,"y":)" << box.y
             << R"(,"w":)" << box.width << R"(,"h":)" << box.height << "}";
        separator = ",";
    }
    json << "]}";
    return json.str();
}
