// Where in the picture something moves: background subtraction, and the shapes that it leaves.
#pragma once

#include <opencv2/core.hpp>
#include <opencv2/video/background_segm.hpp>
#include <vector>

// Learns what the scene looks like when nothing moves, and finds what differs from it.
//
// Invariant: all pictures have the size of the first one; a new size starts the learning anew.
class MovingRegions {
  public:
    MovingRegions();

    // Boxes around what moves, in pixels of `picture` (8 bits; 1, 3 or 4 channels). Empty while the scene is
    // still being learnt.
    std::vector<cv::Rect> find(const cv::Mat& picture);

    // The picture's parts that moved, 255 where they did. For the curious.
    const cv::Mat& mask() const { return mask_; }

  private:
    void restart(cv::Size size);

    cv::Ptr<cv::BackgroundSubtractorMOG2> background_;
    cv::Size size_;
    int pictures_ = 0;
    cv::Mat smooth_;
    cv::Mat mask_;
};
