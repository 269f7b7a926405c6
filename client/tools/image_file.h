// Pictures on disk: encoded whole, and never seen half-written.
#pragma once

#include <filesystem>
#include <opencv2/core.hpp>
#include <string>

namespace camtap::tools {

enum class ImageFormat { png, jpg };

// Why `format` can't hold such pictures, in words; empty if it can.
std::string why_unfit(const cv::Mat& picture, ImageFormat format);

// Writes `picture` under a temporary name in the directory of `path`, then renames it to `path`. Returns what
// went wrong in words, empty if nothing did; then `path` is as it was before.
std::string write_image(const cv::Mat& picture, ImageFormat format, const std::filesystem::path& path);

}  // namespace camtap::tools
