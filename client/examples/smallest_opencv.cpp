// The smallest tap with OpenCV: smallest_opencv STREAM [FRAMES]
#include <camtap/opencv.hpp>
#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) try {
    camtap::Tap tap(argc > 1 ? argv[1] : "front");
    long left = argc > 2 ? std::atol(argv[2]) : -1;
    while (left != 0) {
        const auto frame = tap.next();
        if (!frame) break;                            // the recording is at its end
        const cv::Mat picture = camtap::mat(*frame);  // no copy: read-only, and only while `frame` lives
        std::cout << "frame " << frame->sequence() << ": " << picture.size() << ", mean " << cv::mean(picture)
                  << std::endl;
        if (left > 0) --left;
    }
} catch (const camtap::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
