// The files of a directory, as an untrusted guest may have left them there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace camtap::source {

// Owns: a descriptor of the directory; it stays the same directory if it is renamed meanwhile.
// Blocking: as the file system does. A FIFO, a device or a lock can't hold it up: only regular files are
// read.
class ImageDirectory {
  public:
    // `path` is a directory (then all files with the usual endings of images count), a file, or a glob.
    // Errors: system (with the reason), invalid (wildcards elsewhere than in the last part).
    static Result<ImageDirectory> open(const std::string& path);

    int fd() const { return fd_.get(); }
    const std::string& path() const { return path_; }
    std::string words() const;  // for messages: the path, and the pattern if there is one

    // Does this name, in the directory, belong to the images?
    bool matches(const std::string& name) const;

    // All that do, in natural order. Errors: system.
    Result<std::vector<std::string>> list() const;

    enum class Found { file, no_file, vanished };

    // Reads a file whole; symbolic links are followed only as long as they stay below the directory.
    // no_file: FIFO, directory, link that leads out, larger than max_bytes …, with the reason in `text`.
    // vanished: not there any more.
    Found read(const std::string& name, uint64_t max_bytes, std::vector<uint8_t>& bytes,
               std::string& text) const;

  private:
    UniqueFd fd_;
    std::string path_;
    std::string pattern_;  // empty: by ending
};

}  // namespace camtap::source
