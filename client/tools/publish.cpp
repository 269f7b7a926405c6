// camtap publish: feeds a stream whose source is "publisher" from files.
#include <algorithm>
#include <camtap/opencv.hpp>
#include <chrono>
#include <cstdio>
#include <memory>

#include "commands.h"
#include "picture_source.h"
#include "progress.h"
#include "stop_signals.h"

namespace camtap::tools {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kDefaultFps = 10;
constexpr std::chrono::milliseconds kAcquireTimeout{1000};

struct Options {
    std::string path;
    double fps = 0;  // 0: the video's own
    bool loop = false;
};

// The publisher mends this by itself when the daemon is there again; what is read meanwhile is lost.
bool will_pass(camtap_error error) {
    switch (error) {
        case CAMTAP_ERROR_NO_DAEMON:
        case CAMTAP_ERROR_TIMEOUT:
        case CAMTAP_ERROR_NO_SLOT:
        case CAMTAP_ERROR_GONE:
        case CAMTAP_ERROR_BUSY:
            return true;
        default:
            return false;
    }
}

class Feeder {
  public:
    explicit Feeder(const Asked& asked) : publisher_(asked.stream, options(asked)) {}

    // Throws camtap::Error if there is no use in going on.
    void publish(const cv::Mat& picture) {
        try {
            last_ = publish_copy(publisher_, picture, 0, kAcquireTimeout);
            ++published_;
            is_away_ = false;
        } catch (const Error& error) {
            if (!will_pass(error.code())) throw;
            publisher_.count(CAMTAP_COUNT_NO_SLOT);
            if (!is_away_) complain(std::string(error.what()) + "; trying again with each picture");
            is_away_ = true;
        }
    }

    void skip(const std::string& why) {
        publisher_.count(CAMTAP_COUNT_DECODE_ERROR);
        complain(why);
    }

    void end() {
        try {
            publisher_.report(CAMTAP_AT_END, "every picture was published");
        } catch (const Error&) {
            // nobody is left to be told
        }
    }

    uint64_t published() const { return published_; }
    uint64_t last() const { return last_; }

  private:
    static PublisherOptions options(const Asked& asked) {
        PublisherOptions options;
        options.socket_path = asked.socket;
        return options;
    }

    Publisher publisher_;
    uint64_t published_ = 0;
    uint64_t last_ = 0;
    bool is_away_ = false;
};

Clock::duration period(const PictureSource& source, const Options& options) {
    const double own = source.frames_per_second();
    double fps = options.fps;
    if (fps == 0) fps = own > 0.01 && own < 1000 ? own : kDefaultFps;  // containers may say anything
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / fps));
}

// One pass over the source. False: it's time to end; `trouble` says why, if it isn't a stop signal.
bool feed_once(PictureSource& source, Feeder& feeder, StopSignals& signals, Clock::time_point& due,
               Clock::duration step, Progress& progress, std::string& trouble) {
    cv::Mat picture;
    uint64_t pictures = 0;
    while (source.read(picture, trouble)) {
        if (signals.wait_until(due)) return false;
        due = std::max(due + step, Clock::now());  // late: goes on from here rather than hurrying after
        if (picture.empty()) {
            feeder.skip(std::exchange(trouble, {}));
            continue;
        }
        feeder.publish(picture);
        ++pictures;
        progress.show(feeder.published(), "frame " + std::to_string(feeder.last()));
    }
    if (trouble.empty() && pictures == 0) trouble = "there was no picture to publish";
    return trouble.empty();
}

int publish(const Asked& asked, const Options& options) {
    std::string trouble;
    const std::unique_ptr<PictureSource> source = open_pictures(options.path, trouble);
    if (source == nullptr) {
        complain(trouble);
        return kFailed;
    }
    Feeder feeder(asked);
    StopSignals signals;
    {
        Progress progress(0);
        const Clock::duration step = period(*source, options);
        Clock::time_point due = Clock::now();
        while (feed_once(*source, feeder, signals, due, step, progress, trouble)) {
            if (!options.loop || !source->rewind(trouble)) break;
        }
    }
    if (!signals.stop_requested()) feeder.end();
    std::printf("%llu frames published\n", static_cast<unsigned long long>(feeder.published()));
    if (trouble.empty()) return kOk;
    complain(trouble);
    return kFailed;
}

}  // namespace

void add_publish(CLI::App& app, Tool& tool) {
    CLI::App* sub = app.add_subcommand("publish", "feed a stream whose source is \"publisher\"");
    const auto options = std::make_shared<Options>();
    sub->add_option("name", tool.asked.stream, "the stream")->required();
    sub->add_option("path", options->path,
                    "a picture, a directory of pictures (in natural order), or a video")
        ->required();
    sub->add_option("--fps", options->fps, "pictures a second; else the video's own, or 10")
        ->check(CLI::Range(0.001, 10000.0));
    sub->add_flag("--loop", options->loop, "begin again at the end");
    sub->callback(
        [&tool, options] { tool.run = [&tool, options] { return publish(tool.asked, *options); }; });
}

}  // namespace camtap::tools
