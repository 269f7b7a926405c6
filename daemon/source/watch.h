// News of a directory: which files were completed in it, by closing after writing or by renaming into it.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace camtap::source {

// Owns: an inotify descriptor, and one of the directory.
class DirectoryWatch {
  public:
    struct News {
        std::vector<std::string> names;  // in the order of completion; a name may come more than once
        bool overflow = false;           // the kernel dropped some
        bool gone = false;               // the directory itself was removed or moved away
    };

    // Watches the directory that `directory` is a descriptor of. Errors: system, with the limit to raise.
    static Result<DirectoryWatch> open(int directory);

    int fd() const { return fd_.get(); }
    News drain();  // never blocks

  private:
    UniqueFd fd_;
    UniqueFd directory_;
    int parent_ = -1;  // watch of the directory above; −1: none
};

}  // namespace camtap::source
