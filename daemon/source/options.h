// What a source was asked to do: the command line, or the daemon's configuration in the same words.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/result.h"

namespace camtap::source {

struct ImagesOptions {
    std::string path;  // a directory, a file, or a glob whose last part alone has wildcards
    double fps = 10;
    std::string times;  // file of seconds; replaces fps
    bool loop = false;
    bool watch = false;
    uint64_t max_pixels = 100'000'000;
    uint64_t max_file_bytes = uint64_t{64} << 20;
};

enum class Backend { any, ffmpeg, gstreamer, v4l2 };

struct VideoOptions {
    enum class Kind { path, url, device, pipeline } kind = Kind::path;
    std::string where;
    Backend backend = Backend::any;
    double fps = 0;  // 0: as the video says
    // What a camera is asked for; 0 and empty: what it gives by itself.
    uint32_t width = 0;
    uint32_t height = 0;
    std::string fourcc;
    bool loop = false;
    enum class Realtime { automatic, on, off } realtime = Realtime::automatic;

    // A recording has an end, and can be read again from its beginning; anything else is live.
    bool is_recording() const { return kind == Kind::path || loop || realtime == Realtime::on; }
    bool is_paced() const { return is_recording() && kind != Kind::device && realtime != Realtime::off; }
};

enum class PatternFormat { bgr8, gray8, bgra8, gray16 };

struct PatternOptions {
    uint32_t width = 640;
    uint32_t height = 480;
    double fps = 30;  // 0: as fast as it goes
    PatternFormat format = PatternFormat::bgr8;
    uint64_t frames = 0;  // 0: endless
};

struct Options {
    std::string stream;
    std::string socket;  // empty: as camtap.h says
    int broker_fd = -1;  // ≥ 0: the arguments, and the connection, come from there
    uint64_t max_frame_bytes = UINT64_MAX;
    uint64_t max_memory = UINT64_MAX;  // of the process's own
    bool confined = false;             // see confinement.h
    std::variant<std::monostate, ImagesOptions, VideoOptions, PatternOptions> source;
};

// `help` holds what --help or --version print; then nothing else was looked at.
struct Parsed {
    Options options;
    std::string help;
};

// `arguments` without the program's name. Errors: invalid, with one sentence for people.
Result<Parsed> parse_options(const std::vector<std::string>& arguments);

}  // namespace camtap::source
