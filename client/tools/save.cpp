// camtap save: frames into files.
#include <array>
#include <camtap/opencv.hpp>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "commands.h"
#include "format.h"
#include "image_file.h"
#include "patient_tap.h"
#include "progress.h"

namespace camtap::tools {
namespace {

struct Options {
    std::string directory;
    uint64_t frames = 0;  // 0: until told to stop
    double every_seconds = 0;
    double timeout_seconds = -1;
    std::string format = "png";
};

// By the time of capture, so that the files are as far apart as was asked, whatever the delays.
class Pace {
  public:
    explicit Pace(double every_seconds) : every_ns_(static_cast<int64_t>(every_seconds * 1e9)) {}

    bool takes_all() const { return every_ns_ == 0; }

    bool is_due(int64_t capture_ns) {
        if (capture_ns < due_ns_) return false;
        due_ns_ = capture_ns + every_ns_;
        return true;
    }

  private:
    int64_t every_ns_;
    int64_t due_ns_ = INT64_MIN;
};

std::string file_name(uint64_t sequence, const std::string& format) {
    std::array<char, 32> digits{};
    std::snprintf(digits.data(), digits.size(), "%010llu", static_cast<unsigned long long>(sequence));
    return std::string(digits.data()) + "." + format;
}

// Empty on success.
std::string save_frame(const Frame& frame, const Options& options) {
    const ImageFormat format = options.format == "png" ? ImageFormat::png : ImageFormat::jpg;
    const cv::Mat picture = mat(frame);
    const std::string unfit = why_unfit(picture, format);
    if (!unfit.empty()) return "frame " + std::to_string(frame.sequence()) + " can't be saved: " + unfit;
    return write_image(
        picture, format,
        std::filesystem::path(options.directory) / file_name(frame.sequence(), options.format));
}

int save(const Asked& asked, const Options& options) {
    std::error_code error;
    std::filesystem::create_directories(options.directory, error);
    if (error) {
        complain("making the directory '" + options.directory + "' failed: " + error.message());
        return kFailed;
    }
    PatientTap tap(asked, options.timeout_seconds);
    Pace pace(options.every_seconds);
    uint64_t saved = 0;
    {
        Progress progress(options.frames);
        while (options.frames == 0 || saved < options.frames) {
            const std::optional<Frame> frame = pace.takes_all() ? tap.next() : tap.latest();
            if (!frame) break;
            if (!pace.is_due(frame->info().capture_ns)) continue;
            const std::string trouble = save_frame(*frame, options);
            if (!trouble.empty()) {
                complain(trouble);
                return kFailed;
            }
            progress.show(++saved, file_name(frame->sequence(), options.format));
        }
    }
    std::printf("%llu frames saved in %s, missed %s\n", static_cast<unsigned long long>(saved),
                options.directory.c_str(), format_missed(tap.status().missed).c_str());
    return tap.verdict(asked, saved, options.frames);
}

}  // namespace

void add_save(CLI::App& app, Tool& tool) {
    CLI::App* sub =
        app.add_subcommand("save", "write frames into a directory, each named by its sequence number");
    const auto options = std::make_shared<Options>();
    sub->add_option("name", tool.asked.stream, "the stream")->required();
    sub->add_option("directory", options->directory, "made if it isn't there")->required();
    sub->add_option("-n", options->frames, "end after so many files; else on ^C")->check(CLI::PositiveNumber);
    sub->add_option("--every", options->every_seconds, "seconds between two files; else every frame")
        ->check(CLI::Range(0.0, 1e9));
    sub->add_option("--format", options->format, "png or jpg")
        ->check(CLI::IsMember({"png", "jpg"}))
        ->capture_default_str();
    sub->add_option("--timeout", options->timeout_seconds,
                    "give up when no frame has come for so many seconds")
        ->check(CLI::NonNegativeNumber);
    sub->callback([&tool, options] { tool.run = [&tool, options] { return save(tool.asked, *options); }; });
}

}  // namespace camtap::tools
