#include "picture_source.h"

#include <algorithm>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/videoio.hpp>
#include <utility>
#include <vector>

#include "natural_order.h"

namespace camtap::tools {
namespace {

namespace fs = std::filesystem;

class PictureFiles : public PictureSource {
  public:
    explicit PictureFiles(std::vector<std::string> files) : files_(std::move(files)) {}

    bool read(cv::Mat& picture, std::string& trouble) override {
        picture.release();
        if (next_ == files_.size()) return false;
        const std::string& file = files_[next_++];
        try {
            picture = cv::imread(file, cv::IMREAD_UNCHANGED);
        } catch (const cv::Exception& error) {
            trouble = error.what();
        }
        if (picture.empty())
            trouble = "'" + file + "' can't be read as a picture" + (trouble.empty() ? "" : ": ") + trouble;
        return true;
    }
    bool rewind(std::string& /*trouble*/) override {
        next_ = 0;
        return true;
    }
    double frames_per_second() const override { return 0; }

  private:
    std::vector<std::string> files_;
    size_t next_ = 0;
};

class Video : public PictureSource {
  public:
    explicit Video(std::string file) : file_(std::move(file)) {}

    bool read(cv::Mat& picture, std::string& trouble) override {
        try {
            return capture_.read(picture) && !picture.empty();
        } catch (const cv::Exception& error) {
            trouble = "reading '" + file_ + "' failed: " + error.what();
            return false;
        }
    }
    bool rewind(std::string& trouble) override {  // opened anew: seeking fails with some containers
        try {
            if (capture_.open(file_)) return true;
            trouble = "'" + file_ + "' is neither a picture nor a video that OpenCV can open";
        } catch (const cv::Exception& error) {
            trouble = "opening '" + file_ + "' failed: " + error.what();
        }
        return false;
    }
    double frames_per_second() const override { return capture_.get(cv::CAP_PROP_FPS); }

  private:
    std::string file_;
    cv::VideoCapture capture_;
};

std::vector<std::string> pictures_in(const std::string& directory, std::error_code& error) {
    std::vector<std::string> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
        std::error_code gone;
        const std::string file = entry.path().string();
        const bool is_hidden = entry.path().filename().string().front() == '.';
        if (!is_hidden && entry.is_regular_file(gone) && cv::haveImageReader(file)) files.push_back(file);
    }
    std::sort(files.begin(), files.end(), natural_less);
    return files;
}

}  // namespace

std::unique_ptr<PictureSource> open_pictures(const std::string& path, std::string& trouble) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) {
        trouble = "'" + path + "': " + (error ? error.message() : "no such file or directory");
        return nullptr;
    }
    if (fs::is_directory(status)) {
        std::vector<std::string> files = pictures_in(path, error);
        if (!files.empty()) return std::make_unique<PictureFiles>(std::move(files));
        trouble = error ? "reading the directory '" + path + "' failed: " + error.message()
                        : "there is no picture in the directory '" + path + "'";
        return nullptr;
    }
    if (fs::is_regular_file(status) && cv::haveImageReader(path)) {
        return std::make_unique<PictureFiles>(std::vector<std::string>{path});
    }
    auto video = std::make_unique<Video>(path);
    if (!video->rewind(trouble)) return nullptr;
    return video;
}

}  // namespace camtap::tools
