// The smallest tap in C++: smallest_tap STREAM [FRAMES]
#include <camtap/camtap.hpp>
#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) try {
    camtap::Tap tap(argc > 1 ? argv[1] : "front");
    long left = argc > 2 ? std::atol(argv[2]) : -1;
    while (left != 0) {
        const auto frame = tap.next();
        if (!frame) break;  // the recording is at its end
        const auto* pixels = static_cast<const unsigned char*>(frame->data());
        std::cout << "frame " << frame->sequence() << ": " << frame->image().width << "x"
                  << frame->image().height << ", first byte " << int{pixels[0]} << std::endl;
        if (left > 0) --left;
    }
} catch (const camtap::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
