// Runs a source without a daemon: a plain buffer for a slot, and a clock that jumps to whatever the source
// waits for.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "daemon/source/source.h"

namespace camtap::source {

// Owns: a directory that is removed with everything in it.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "camtap-source-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "mkdtemp: " << std::strerror(errno);
        path_ = pattern;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::string path() const { return path_.string(); }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }

    std::string write(const std::string& name, const std::vector<uint8_t>& bytes) const {
        std::ofstream(path_ / name, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        return *this / name;
    }
    std::string write(const std::string& name, const std::string& text) const {
        return write(name, std::vector<uint8_t>(text.begin(), text.end()));
    }

  private:
    std::filesystem::path path_;
};

// One frame as it arrived in the buffer.
struct Seen {
    Frame frame;
    std::vector<uint8_t> bytes;

    cv::Mat mat() {
        return cv::Mat(static_cast<int>(frame.image.height), static_cast<int>(frame.image.width),
                       CV_MAKETYPE(frame.image.depth, frame.image.channels), bytes.data(),
                       static_cast<size_t>(frame.image.stride));
    }
};

class Driver {
  public:
    static constexpr int64_t kBegin = 1'000'000'000'000;
    // Nothing in these tests needs as many steps; a source that spins does.
    static constexpr int kMaxSteps = 20'000;

    explicit Driver(Source& source) : source_(source) {}

    // Steps until `enough`, the end, a failure, or until the source waits for a descriptor.
    enum class Stop { enough, ended, failed, waits };
    Stop run(size_t frames_wanted = SIZE_MAX) {
        const size_t goal = frames_wanted == SIZE_MAX ? SIZE_MAX : frames.size() + frames_wanted;
        for (int i = 0; i < kMaxSteps; ++i) {
            if (frames.size() >= goal) return Stop::enough;
            Result<Next> next = source_.next(now_ns);
            if (!next) {
                failure = next.error().message;
                return Stop::failed;
            }
            source_gap += next->source_gap;
            switch (next->kind) {
                case Next::Kind::frame:
                    take(*next);
                    break;
                case Next::Kind::lost:
                    lost.push_back(next->text);
                    break;
                case Next::Kind::skipped:
                    skipped.push_back(next->text);
                    break;
                case Next::Kind::ended:
                    end_text = next->text;
                    return Stop::ended;
                case Next::Kind::wait:
                    if (next->until_ns == kNever) {
                        wait_fd = next->fd;
                        return Stop::waits;
                    }
                    now_ns = std::max(now_ns, next->until_ns);
            }
        }
        ADD_FAILURE() << "the source spins";
        return Stop::failed;
    }

    int64_t now_ns = kBegin;
    std::vector<Seen> frames;
    std::vector<std::string> lost;
    std::vector<std::string> skipped;
    uint64_t source_gap = 0;
    int larger_asked = 0;
    int wait_fd = -1;
    std::string failure;
    std::string end_text;

  private:
    void take(const Next& next) {
        uint64_t capacity = next.bytes;
        for (int attempt = 0; attempt < 3; ++attempt) {
            Seen seen;
            // old contents and a guard behind the end, as a slot has a neighbour
            seen.bytes.assign(capacity + kGuard, 0xa5);
            seen.frame = source_.read({seen.bytes.data(), capacity});
            for (size_t i = 0; i < kGuard; ++i)
                ASSERT_EQ(seen.bytes[capacity + i], 0xa5) << "beyond the slot";
            if (seen.frame.kind == Frame::Kind::lost) {
                lost.push_back(seen.frame.text);
                return;
            }
            if (seen.frame.kind == Frame::Kind::whole) {
                frames.push_back(std::move(seen));
                return;
            }
            larger_asked += 1;
            capacity = seen.frame.image.bytes;
        }
        ADD_FAILURE() << "a slot is never large enough";
    }

    static constexpr size_t kGuard = 64;
    Source& source_;
};

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace camtap::source
