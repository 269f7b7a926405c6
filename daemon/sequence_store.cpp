#include "daemon/sequence_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "common/layout.h"
#include "common/stream_name.h"
#include "common/unique_fd.h"

namespace camtap {

static constexpr const char* kTitle = "camtap-sequences 1";
static constexpr const char* kEveryStream = "*";  // in place of a name: the floor

Result<SequenceStore> SequenceStore::open(std::string path) {
    SequenceStore store(std::move(path));
    std::ifstream file(store.path_);
    if (!file) {
        if (errno == ENOENT) return store;
        return system_error("reading the sequence numbers in " + store.path_, errno);
    }
    std::string line;
    bool sound = static_cast<bool>(std::getline(file, line)) && line == kTitle;
    std::string name;
    uint64_t reserved = 0;
    while (sound && file >> name >> reserved) {
        if (name == kEveryStream) {
            store.floor_ = reserved;
            continue;
        }
        sound = stream_name_fault(name).empty();
        store.reserved_[name] = reserved;
    }
    if (!sound || !file.eof()) {
        return Error{
            Code::malformed, 0,
            store.path_ + " doesn't hold camtap's sequence numbers; remove it if nothing else owns it"};
    }
    store.at_start_ = store.reserved_;
    return store;
}

// A block for each second since 1970: nobody publishes a million frames a second, and starts of the daemon,
// which use up a block each, are as rare.
SequenceStore SequenceStore::begin_anew(std::string path) {
    SequenceStore store(std::move(path));
    store.floor_ = static_cast<uint64_t>(time(nullptr)) * kBlock;
    return store;
}

uint64_t SequenceStore::first_unused(const std::string& stream) const {
    const auto found = at_start_.find(stream);
    const uint64_t used = std::max(found == at_start_.end() ? 0 : found->second, floor_);
    return std::min(used, layout::kLastSequence) + 1;
}

Status SequenceStore::reserve(const std::string& stream, uint64_t through) {
    if (through > layout::kLastSequence) {
        return Error{Code::limit, 0,
                     "the sequence numbers of '" + stream + "' are used up; to begin with 1 again, stop " +
                         "camtapd, remove " + path_ + ", and start it"};
    }
    uint64_t& reserved = reserved_[stream];
    if (through <= reserved) return Done{};
    reserved = std::min(through, layout::kLastSequence - kBlock) + kBlock;
    return write();
}

// A new file takes the old one's place in one step, so a crash leaves either.
Status SequenceStore::write() const {
    std::string text = std::string(kTitle) + "\n";
    if (floor_ > 0) text += std::string(kEveryStream) + " " + std::to_string(floor_) + "\n";
    for (const auto& [name, reserved] : reserved_) text += name + " " + std::to_string(reserved) + "\n";
    const std::string temporary = path_ + ".new";
    const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return system_error("writing " + temporary, errno);
    const ssize_t written = ::write(fd.get(), text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size())) {
        return system_error("writing " + temporary, written < 0 ? errno : ENOSPC);
    }
    if (rename(temporary.c_str(), path_.c_str()) != 0) return system_error("renaming " + temporary, errno);
    return Done{};
}

}  // namespace camtap
