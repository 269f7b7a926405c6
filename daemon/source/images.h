// Images in a directory, shown one after the other: recordings, and directories that something else writes
// into.
//
// EXIF orientation is not applied: pixels are shown as they are stored.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "daemon/source/image_directory.h"
#include "daemon/source/options.h"
#include "daemon/source/pace.h"
#include "daemon/source/source.h"
#include "daemon/source/watch.h"

namespace camtap::source {

// Invariant: every file takes its turn in the schedule, readable or not, so that a directory of rubbish
// doesn't spin.
class ImagesSource final : public Source {
  public:
    explicit ImagesSource(ImagesOptions options) : options_(std::move(options)) {}

    Status open() override;
    Result<Next> next(int64_t now_ns) override;
    Frame read(const Target& target) override;
    void close() override;

  private:
    struct Item {
        std::string name;
        size_t index = 0;       // in the round
        bool has_come = false;  // by the watch: it is shown as it comes, and was taken when it came
    };

    Status match_times();
    void begin_round(const std::vector<std::string>& names);
    Result<Next> after_round();
    std::optional<Next> take_news();
    int64_t offset_ns(const Item& item) const;
    Next load(const Item& item);
    Next bad(Next::Kind kind, std::string text);

    ImagesOptions options_;
    std::optional<ImageDirectory> directory_;
    std::optional<DirectoryWatch> watch_;
    std::optional<Error> watch_fault_;

    std::vector<int64_t> times_;            // offsets of a round's images; empty: fps
    std::vector<std::string> timed_names_;  // the images that they belong to
    std::deque<Item> pending_;
    uint64_t position_ = 0;        // files that had their turn
    int64_t round_offset_ns_ = 0;  // times: where this round begins
    size_t round_size_ = 0;
    size_t round_bad_ = 0;
    std::string last_fault_;

    FrameClock clock_;
    std::vector<uint8_t> file_;  // the frame at hand, as it was read
    std::string file_name_;
    int64_t capture_ns_ = 0;
    uint32_t capture_origin_ = CAMTAP_ORIGIN_FILE;
    uint64_t source_sequence_ = 0;
    cv::Mat spare_;  // decoded already, waiting for a larger slot
};

}  // namespace camtap::source
