#include "tracker.h"

#include <algorithm>
#include <cmath>

namespace {

constexpr double kFarthest = 0.8;  // centres farther apart than this share of the box's height are two things
constexpr double kPositionGain = 0.6;  // how much of what is seen enters the track at once
constexpr double kSizeGain = 0.25;
constexpr double kVelocityGain = 0.3;
constexpr double kCoasting = 0.9;  // what remains of the velocity with each picture without a find

cv::Point2d centre(const cv::Rect2d& box) {
    return {box.x + box.width / 2, box.y + box.height / 2};
}

cv::Rect2d box_around(const cv::Point2d& c, double width, double height) {
    return {c.x - width / 2, c.y - height / 2, width, height};
}

// 0 = the same place; infinite = can't be the same thing.
double distance(const cv::Rect2d& expected, const cv::Rect2d& seen) {
    const double d = cv::norm(centre(expected) - centre(seen)) / std::max(expected.height, seen.height);
    const double shared = overlap(expected, seen);
    if (d > kFarthest && shared == 0) return HUGE_VAL;
    return d + (1 - shared);
}

void take_in(Track& track, const cv::Rect2d& seen) {
    const cv::Point2d before = centre(track.box);  // where it was expected
    const cv::Point2d error = centre(seen) - before;
    const double width = track.box.width + kSizeGain * (seen.width - track.box.width);
    const double height = track.box.height + kSizeGain * (seen.height - track.box.height);
    track.box = box_around(before + kPositionGain * error, width, height);
    track.velocity += kVelocityGain * error;
    ++track.hits;
    track.misses = 0;
}

struct Pair {
    size_t track;
    size_t box;
    double distance;
};

}  // namespace

double overlap(const cv::Rect2d& a, const cv::Rect2d& b) {
    const double both = (a & b).area();
    const double either = a.area() + b.area() - both;
    return either > 0 ? both / either : 0;
}

void Tracker::predict() {
    for (Track& track : tracks_) {
        if (track.misses > 0) track.velocity *= kCoasting;
        track.box.x += track.velocity.x;
        track.box.y += track.velocity.y;
    }
}

std::vector<bool> Tracker::match(const std::vector<cv::Rect>& boxes) {
    std::vector<Pair> pairs;
    for (size_t t = 0; t < tracks_.size(); ++t) {
        for (size_t b = 0; b < boxes.size(); ++b) {
            const double d = distance(tracks_[t].box, boxes[b]);
            if (d < HUGE_VAL) pairs.push_back({t, b, d});
        }
    }
    std::sort(pairs.begin(), pairs.end(),
              [](const Pair& x, const Pair& y) { return x.distance < y.distance; });
    std::vector<bool> found(tracks_.size());
    std::vector<bool> taken(boxes.size());
    for (const Pair& pair : pairs) {
        if (found[pair.track] || taken[pair.box]) continue;
        found[pair.track] = taken[pair.box] = true;
        take_in(tracks_[pair.track], boxes[pair.box]);
    }
    for (size_t t = 0; t < tracks_.size(); ++t) {
        if (!found[t]) ++tracks_[t].misses;
    }
    return taken;
}

std::vector<Track> Tracker::update(const std::vector<cv::Rect>& boxes) {
    predict();
    const std::vector<bool> taken = match(boxes);
    // one that isn't sure yet may not be missed at all: that's what sorts out flicker
    std::erase_if(tracks_, [](const Track& t) { return t.misses > (t.hits < kBirth ? 0 : kDeath); });
    for (size_t b = 0; b < boxes.size(); ++b) {
        if (taken[b]) continue;
        Track track;
        track.id = 0;
        track.box = boxes[b];
        track.hits = 1;
        tracks_.push_back(track);
    }
    std::vector<Track> shown;
    for (Track& track : tracks_) {
        if (track.hits < kBirth) continue;
        if (track.id == 0) track.id = next_id_++;
        if (track.misses <= kHide) shown.push_back(track);
    }
    return shown;
}
