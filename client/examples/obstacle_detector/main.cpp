// Finds what moves in a stream, people above all: obstacle_detector STREAM [--publish STREAM/obstacles]
// [--save DIR]
//
// It always takes the newest frame, so it never falls behind; it draws on a copy, because the frame itself is
// shared; and it goes on by itself when the camera or the daemon were away.
#include <CLI/CLI.hpp>
#include <camtap/opencv.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>

#include "annotate.h"
#include "annotated_output.h"
#include "moving_regions.h"
#include "options.h"
#include "tracker.h"

namespace {

volatile std::sig_atomic_t stop_requested = 0;
void on_stop(int /*signal*/) {
    stop_requested = 1;
}

constexpr std::chrono::milliseconds kSlice{200};  // how long ^C may have to wait

class ObstacleDetector {
  public:
    explicit ObstacleDetector(const Options& options) : options_(options) {
        if (!options.publish.empty()) stream_.emplace(options.publish);
        if (!options.save_directory.empty()) files_.emplace(options.save_directory);
    }

    void look_at(const camtap::Frame& frame) {
        frame.copy_to(picture_);
        const camtap_frame_info& info = frame.info();
        if (picture_.size() != size_)
            tracker_ = Tracker();  // another camera, or another mode of it: begin again
        size_ = picture_.size();
        const std::vector<Track> tracks = tracker_.update(regions_.find(picture_));
        if (!options_.quiet) {
            const double age_ms = std::chrono::duration<double, std::milli>(frame.age()).count();
            std::cout << tracks_as_json(info, age_ms, tracks) << std::endl;
        }
        if (!stream_ && !files_) return;
        draw_tracks(picture_, tracks);
        if (stream_) stream_->publish(picture_, info.capture_ns);
        if (files_) files_->save(picture_, info.sequence);
    }

  private:
    const Options& options_;
    MovingRegions regions_;
    Tracker tracker_;
    std::optional<AnnotatedStream> stream_;
    std::optional<AnnotatedFiles> files_;
    cv::Mat picture_;
    cv::Size size_;
};

// False: no frame will ever come again.
bool may_go_on(const camtap::Tap& tap) {
    if (tap.last() != CAMTAP_ERROR_GONE && tap.last() != CAMTAP_ERROR_ENDED) return true;
    std::cerr << "obstacle_detector: no more frames: " << camtap_error_name(tap.last()) << "\n";
    return false;
}

void detect(const Options& options) {
    if (!options.save_directory.empty()) std::filesystem::create_directories(options.save_directory);
    camtap::Tap tap(options.stream);
    std::signal(SIGINT, on_stop);
    std::signal(SIGTERM, on_stop);
    ObstacleDetector detector(options);
    unsigned long done = 0;
    while (stop_requested == 0 && (options.frames == 0 || done < options.frames)) {
        const auto frame = tap.latest(kSlice);
        if (!frame && !may_go_on(tap)) break;
        if (!frame) continue;
        detector.look_at(*frame);
        ++done;
    }
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Finds what moves in a camtap stream; prints one JSON object a frame.", "obstacle_detector");
    app.add_option("stream", options.stream, "the stream to look at")->required();
    app.add_option("--publish", options.publish, "publish the annotated pictures as this stream");
    app.add_option("--save", options.save_directory,
                   "write an annotated JPEG into this directory every second");
    app.add_option("-n", options.frames, "end after so many frames");
    app.add_flag("--quiet", options.quiet, "print no JSON");
    CLI11_PARSE(app, argc, argv);
    try {
        detect(options);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "obstacle_detector: " << error.what() << "\n";
        return 1;
    }
}
