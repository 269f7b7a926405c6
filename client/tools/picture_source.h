// What `camtap publish` reads: one picture, a directory of pictures, or a video.
#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <string>

namespace camtap::tools {

// Gives one picture after the other. Errors: in words, as `trouble`.
class PictureSource {
  public:
    virtual ~PictureSource() = default;

    // False at the end, or with `trouble` not empty on failure. A picture that can't be read is skipped, and
    // told in `trouble` together with true and an empty `picture`.
    virtual bool read(cv::Mat& picture, std::string& trouble) = 0;
    virtual bool rewind(std::string& trouble) = 0;
    virtual double frames_per_second() const = 0;  // its own; 0 if it has none
};

// Null with `trouble` if there is nothing to read at `path`.
std::unique_ptr<PictureSource> open_pictures(const std::string& path, std::string& trouble);

}  // namespace camtap::tools
