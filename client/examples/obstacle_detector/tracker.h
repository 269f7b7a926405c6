// The same thing in one picture and the next gets the same number.
#pragma once

#include <opencv2/core.hpp>
#include <vector>

struct Track {
    int id = 0;
    cv::Rect2d box;        // smoothed
    cv::Point2d velocity;  // pixels per picture
    int hits = 0;          // pictures in which it was found
    int misses = 0;        // pictures in a row in which it wasn't
};

// Follows boxes that move steadily: each track is looked for where it should be by now, and takes the nearest
// box there. A track is shown once it has been found kBirth times, hidden when it has been missed more than
// kHide times in a row (behind a lamp post, say), and forgotten after kDeath.
//
// Invariant: ids count up and are never used again. Units: pixels, pictures.
class Tracker {
  public:
    static constexpr int kBirth = 4;
    static constexpr int kHide = 3;
    static constexpr int kDeath = 10;

    // The tracks to show after this picture's boxes.
    std::vector<Track> update(const std::vector<cv::Rect>& boxes);

  private:
    void predict();
    std::vector<bool> match(const std::vector<cv::Rect>& boxes);  // which boxes found a track

    std::vector<Track> tracks_;
    int next_id_ = 1;
};

// Of the union of two boxes, the share that both cover.
double overlap(const cv::Rect2d& a, const cv::Rect2d& b);
