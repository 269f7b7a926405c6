#include "daemon/source/options.h"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <map>

#include "common/stream_name.h"

namespace camtap::source {

namespace {

constexpr uint32_t kMaxSide = 65535;
constexpr double kLeastFps = 1e-6;
constexpr double kMaxFps = 100'000;

// CLI11's own range takes "nan" for a number in it.
CLI::Validator rate(double least) {
    const auto check = [least](const std::string& text) {
        char* end = nullptr;
        const double fps = std::strtod(text.c_str(), &end);
        const bool good = !text.empty() && *end == 0 && fps >= least && fps <= kMaxFps;
        return good ? std::string() : "\"" + text + "\" is no number of frames per second";
    };
    return CLI::Validator(check, "RATE");
}

void add_images(CLI::App& app, ImagesOptions& o) {
    app.add_option("--path", o.path, "Directory, file, or glob (wildcards in its last part only)")
        ->required();
    auto* fps =
        app.add_option("--fps", o.fps, "Images per second")->check(rate(kLeastFps))->capture_default_str();
    auto* times = app.add_option("--times", o.times,
                                 "File of times: seconds, one per line, ascending; image i at time i");
    app.add_flag("--loop", o.loop, "Begin again after the last image");
    auto* watch = app.add_flag("--watch", o.watch, "Show files that appear later, when they are complete");
    app.add_option("--max-pixels", o.max_pixels, "Larger images are not decoded")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--max-file-bytes", o.max_file_bytes, "Larger files are not read")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    times->excludes(fps)->excludes(watch);
}

void add_video(CLI::App& app, VideoOptions& o) {
    using Kind = VideoOptions::Kind;
    auto* origin = app.add_option_group("origin", "What to open");
    const auto add = [&](const char* name, Kind kind, const char* what) {
        const auto take = [&o, kind](const std::string& value) {
            o.kind = kind;
            o.where = value;
        };
        origin->add_option_function<std::string>(name, take, what);
    };
    add("--path", Kind::path, "Video file");
    add("--url", Kind::url, "RTSP, HTTP, … address");
    add("--device", Kind::device, "Camera: its number, or /dev/video*");
    add("--pipeline", Kind::pipeline, "GStreamer pipeline that ends in an appsink");
    origin->require_option(1);
    const std::map<std::string, Backend> backends = {{"any", Backend::any},
                                                     {"ffmpeg", Backend::ffmpeg},
                                                     {"gstreamer", Backend::gstreamer},
                                                     {"v4l2", Backend::v4l2}};
    app.add_option("--backend", o.backend, "any, ffmpeg, gstreamer, v4l2")
        ->transform(CLI::Transformer(backends));
    app.add_option("--fps", o.fps, "Instead of the video's own frame rate")->check(rate(kLeastFps));
    app.add_option("--width", o.width, "Pixels to ask a camera for")->check(CLI::Range(1u, 65535u));
    app.add_option("--height", o.height, "Rows to ask a camera for")->check(CLI::Range(1u, 65535u));
    app.add_option("--fourcc", o.fourcc, "Format to ask a camera for: MJPG, YUYV, …");
    app.add_flag("--loop", o.loop, "Begin again at the end");
    const std::map<std::string, VideoOptions::Realtime> realtime = {{"on", VideoOptions::Realtime::on},
                                                                    {"off", VideoOptions::Realtime::off}};
    app.add_option("--realtime", o.realtime, "on, off: pace a recording by its frame rate (files: on)")
        ->transform(CLI::Transformer(realtime));
}

void add_pattern(CLI::App& app, PatternOptions& o) {
    app.add_option("--width", o.width, "Pixels")->check(CLI::Range(1u, kMaxSide))->capture_default_str();
    app.add_option("--height", o.height, "Rows")->check(CLI::Range(1u, kMaxSide))->capture_default_str();
    app.add_option("--fps", o.fps, "Frames per second; 0: as fast as it goes")
        ->check(rate(0))
        ->capture_default_str();
    const std::map<std::string, PatternFormat> formats = {{"bgr8", PatternFormat::bgr8},
                                                          {"gray8", PatternFormat::gray8},
                                                          {"bgra8", PatternFormat::bgra8},
                                                          {"gray16", PatternFormat::gray16}};
    app.add_option("--format", o.format, "bgr8, gray8, bgra8, gray16")->transform(CLI::Transformer(formats));
    app.add_option("--frames", o.frames, "End after so many; 0: never")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
}

// CLI11 takes a transformed value that is no key for a number; so the enumerations are looked at again.
const char* enumeration_fault(const VideoOptions& o) {
    using Realtime = VideoOptions::Realtime;
    if (o.backend < Backend::any || o.backend > Backend::v4l2)
        return "--backend: any, ffmpeg, gstreamer or v4l2";
    if (o.realtime < Realtime::automatic || o.realtime > Realtime::off) return "--realtime: on or off";
    return nullptr;
}

Status check(const Options& options) {
    const auto refuse = [](std::string text) { return Error{Code::invalid, 0, std::move(text)}; };
    if (options.broker_fd >= 0) return Done{};
    if (std::holds_alternative<std::monostate>(options.source))
        return refuse("one of images, video, pattern is needed");
    if (const std::string_view fault = stream_name_fault(options.stream); !fault.empty()) {
        return refuse("--stream: " + std::string(fault));
    }
    if (const auto* video = std::get_if<VideoOptions>(&options.source)) {
        if (const char* fault = enumeration_fault(*video)) return refuse(fault);
        if (video->where.empty()) return refuse("video: --path, --url, --device or --pipeline is empty");
        if (video->kind == VideoOptions::Kind::url && video->where.find("://") == std::string::npos) {
            return refuse("--url: \"" + video->where + "\" is no address; a file is given by --path");
        }
        const bool asks = video->width > 0 || video->height > 0 || !video->fourcc.empty();
        if (asks && video->kind != VideoOptions::Kind::device)
            return refuse("--width, --height and --fourcc go with --device");
        if ((video->width > 0) != (video->height > 0)) return refuse("--width and --height go together");
        if (!video->fourcc.empty() && video->fourcc.size() != 4) return refuse("--fourcc: four characters");
    }
    if (const auto* pattern = std::get_if<PatternOptions>(&options.source)) {
        if (pattern->format > PatternFormat::gray16) return refuse("--format: bgr8, gray8, bgra8 or gray16");
    }
    return Done{};
}

Result<Parsed> parse(CLI::App& app, const std::vector<std::string>& arguments) {
    Parsed parsed;
    Options& o = parsed.options;
    ImagesOptions images;
    VideoOptions video;
    PatternOptions pattern;
    app.add_option("--stream", o.stream, "Name of the stream to publish");
    app.add_option("--socket", o.socket, "The daemon's socket");
    app.add_option("--broker-fd", o.broker_fd,
                   "For camtapd: descriptor with the connection and all other arguments");
    app.add_option("--max-frame-bytes", o.max_frame_bytes, "Larger frames are dropped")
        ->check(CLI::PositiveNumber);
    app.add_option("--max-memory", o.max_memory, "Bytes of memory of its own, if it is confined")
        ->check(CLI::PositiveNumber);
    app.add_flag("--confined", o.confined, "Give up what decoding and publishing don't need");
    auto* as_images = app.add_subcommand("images", "A directory of images");
    auto* as_video = app.add_subcommand("video", "Whatever OpenCV's VideoCapture opens");
    auto* as_pattern = app.add_subcommand("pattern", "A moving test picture that certifies itself");
    add_images(*as_images, images);
    add_video(*as_video, video);
    add_pattern(*as_pattern, pattern);
    try {
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
        app.parse(reversed);
    } catch (const CLI::CallForHelp&) {
        parsed.help = app.help();
        return parsed;
    }
    if (as_images->parsed()) o.source = images;
    if (as_video->parsed()) o.source = video;
    if (as_pattern->parsed()) o.source = pattern;
    if (Status status = check(o); !status) return status.error();
    return parsed;
}

}  // namespace

Result<Parsed> parse_options(const std::vector<std::string>& arguments) try {
    CLI::App app("Reads frames and publishes them as a camtap stream.", "camtap-source");
    app.footer(
        "Exit status: 0 the recording came to its end, or the daemon went away; 1 failed, and said why;\n"
        "2 bad arguments.");
    app.fallthrough();
    app.require_subcommand(0, 1);
    return parse(app, arguments);
} catch (const CLI::Error& e) {
    return Error{Code::invalid, 0, e.what()};
}

}  // namespace camtap::source
