#include "image_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace camtap::tools {
namespace {

std::string type_name(const cv::Mat& picture) {
    static constexpr const char* kDepths[] = {"u8", "s8", "u16", "s16", "s32", "f32", "f64", "f16"};
    return std::string(kDepths[picture.depth()]) + "x" + std::to_string(picture.channels());
}

std::string failed(const char* what, const std::filesystem::path& path) {
    return std::string(what) + " '" + path.string() + "' failed: " + std::strerror(errno);
}

// Empty on success; OpenCV's exceptions stop here.
std::string encode(const cv::Mat& picture, ImageFormat format, std::vector<unsigned char>& bytes) {
    try {
        cv::Mat opaque;  // JPEG knows no transparency
        if (format == ImageFormat::jpg && picture.channels() == 4)
            cv::cvtColor(picture, opaque, cv::COLOR_BGRA2BGR);
        const char* extension = format == ImageFormat::png ? ".png" : ".jpg";
        if (cv::imencode(extension, opaque.empty() ? picture : opaque, bytes)) return {};
        return std::string("encoding as ") + extension + " failed";
    } catch (const cv::Exception& error) {
        return std::string("encoding failed: ") + error.what();
    }
}

std::string write_all(int fd, const std::vector<unsigned char>& bytes, const std::filesystem::path& path) {
    size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = write(fd, bytes.data() + done, bytes.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed("writing", path);
        done += static_cast<size_t>(n);
    }
    return {};
}

}  // namespace

std::string why_unfit(const cv::Mat& picture, ImageFormat format) {
    const int depth = picture.depth();
    const int channels = picture.channels();
    const bool fits_channels = channels == 1 || channels == 3 || channels == 4;
    const bool fits_depth = depth == CV_8U || (format == ImageFormat::png && depth == CV_16U);
    if (fits_channels && fits_depth) return {};
    if (fits_channels && depth == CV_16U)
        return "JPEG holds 8 bits a channel, the frames have 16: use --format png";
    return std::string("the frames are ") + type_name(picture) + " matrices, and " +
           (format == ImageFormat::png ? "PNG holds 1, 3 or 4 channels of u8 or u16"
                                       : "JPEG holds 1 or 3 channels of u8");
}

std::string write_image(const cv::Mat& picture, ImageFormat format, const std::filesystem::path& path) {
    std::vector<unsigned char> bytes;
    std::string trouble = encode(picture, format, bytes);
    if (!trouble.empty()) return trouble;
    // hidden, and one for each process: two that save into one directory don't meet
    std::filesystem::path temporary = path;
    temporary.replace_filename("." + path.filename().string() + "." + std::to_string(getpid()) + ".part");
    const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) return failed("creating", temporary);
    trouble = write_all(fd, bytes, temporary);
    if (close(fd) != 0 && trouble.empty()) trouble = failed("writing", temporary);
    if (trouble.empty() && std::rename(temporary.c_str(), path.c_str()) != 0)
        trouble = failed("renaming to", path);
    if (!trouble.empty()) unlink(temporary.c_str());
    return trouble;
}

}  // namespace camtap::tools
