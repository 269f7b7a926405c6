#include "daemon/source/image_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "daemon/source/natural_order.h"

namespace camtap::source {

namespace {

bool has_wildcards(std::string_view s) {
    return s.find_first_of("*?[") != std::string_view::npos;
}

bool has_image_ending(std::string_view name) {
    constexpr std::array<std::string_view, 14> kEndings = {
        "jpg", "jpeg", "jpe", "png", "bmp", "dib", "tif", "tiff", "pbm", "pgm", "ppm", "pnm", "pam", "webp"};
    const size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) return false;
    const std::string_view ending = name.substr(dot + 1);
    return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view e) {
        return e.size() == ending.size() && strncasecmp(e.data(), ending.data(), e.size()) == 0;
    });
}

// O_NONBLOCK: opening a FIFO must not wait for a writer.
constexpr int kOpenFlags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;

UniqueFd open_below(int directory, const char* name) {
    open_how how{};
    how.flags = kOpenFlags;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    UniqueFd fd(static_cast<int>(syscall(SYS_openat2, directory, name, &how, sizeof how)));
    // Where a sandbox doesn't know the call, no link is followed at all.
    if (!fd && (errno == ENOSYS || errno == EPERM))
        fd.reset(openat(directory, name, kOpenFlags | O_NOFOLLOW));
    return fd;
}

const char* open_fault(int err) {
    switch (err) {
        case EXDEV:
            return "is a link that leads out of the directory";
        case ELOOP:
            return "is a link that is not followed";
        case ENXIO:
            return "is not a regular file";  // a socket
        default:
            return std::strerror(err);
    }
}

// Reads at most `max_bytes` + 1, so that a file that grows meanwhile shows.
bool read_all(int fd, uint64_t max_bytes, size_t hint, std::vector<uint8_t>& bytes) {
    bytes.resize(hint + 1);
    size_t used = 0;
    while (true) {
        const ssize_t n = ::read(fd, bytes.data() + used, bytes.size() - used);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        used += static_cast<size_t>(n);
        if (n == 0 || used > max_bytes) break;
        if (used == bytes.size()) bytes.resize(std::min<uint64_t>(2 * used, max_bytes + 1));
    }
    bytes.resize(used);
    return true;
}

}  // namespace

Result<ImageDirectory> ImageDirectory::open(const std::string& path) {
    ImageDirectory directory;
    directory.path_ = path;
    struct stat status {};
    const bool is_there = stat(path.c_str(), &status) == 0;
    if (!is_there && errno != ENOENT && errno != ENOTDIR)  // a pattern isn't there, as a name
        return system_error("images: can't open \"" + path + "\"", errno);
    if (!is_there || !S_ISDIR(status.st_mode)) {
        const size_t slash = path.rfind('/');
        directory.path_ = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
        directory.pattern_ = slash == std::string::npos ? path : path.substr(slash + 1);
        if (has_wildcards(directory.path_) && stat(directory.path_.c_str(), &status) != 0) {
            return Error{Code::invalid, 0,
                         "images: wildcards may stand only in the last part of \"" + path + "\""};
        }
        // Neither a pattern nor a file: then it was meant as a directory, and is missing.
        if (!has_wildcards(directory.pattern_) && stat(path.c_str(), &status) != 0) {
            return system_error("images: can't open \"" + path + "\"", errno);
        }
    }
    directory.fd_.reset(::open(directory.path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.fd_)
        return system_error("images: can't open the directory \"" + directory.path_ + "\"", errno);
    return directory;
}

std::string ImageDirectory::words() const {
    return pattern_.empty() ? path_ : path_ + "/" + pattern_;
}

bool ImageDirectory::matches(const std::string& name) const {
    if (name.empty() || (name.front() == '.' && (pattern_.empty() || pattern_.front() != '.'))) return false;
    if (pattern_.empty()) return has_image_ending(name);
    return name == pattern_ || fnmatch(pattern_.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

Result<std::vector<std::string>> ImageDirectory::list() const {
    // A descriptor of its own: readdir() moves the position of the one it is given.
    UniqueFd fd(openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto close_it = [](DIR* d) { closedir(d); };
    std::unique_ptr<DIR, decltype(close_it)> stream(fd ? fdopendir(fd.get()) : nullptr, close_it);
    if (!stream) return system_error("images: can't read the directory \"" + path_ + "\"", errno);
    fd.release();  // closedir() closes it
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(stream.get())) {
        if (matches(entry->d_name)) names.emplace_back(entry->d_name);
    }
    if (errno != 0) return system_error("images: can't read the directory \"" + path_ + "\"", errno);
    std::sort(names.begin(), names.end(), natural_less);
    return names;
}

ImageDirectory::Found ImageDirectory::read(const std::string& name, uint64_t max_bytes,
                                           std::vector<uint8_t>& bytes, std::string& text) const {
    const UniqueFd fd = open_below(fd_.get(), name.c_str());
    if (!fd && errno == ENOENT) return Found::vanished;
    const auto refuse = [&](std::string why) {
        text = name + " " + std::move(why);
        return Found::no_file;
    };
    if (!fd) return refuse(open_fault(errno));
    struct stat status {};
    if (fstat(fd.get(), &status) != 0) return refuse(std::strerror(errno));
    if (!S_ISREG(status.st_mode)) return refuse("is not a regular file");
    const auto size = static_cast<uint64_t>(status.st_size);
    const bool is_read = size <= max_bytes && read_all(fd.get(), max_bytes, size, bytes);
    if (size > max_bytes || (is_read && bytes.size() > max_bytes)) {
        return refuse("is larger than " + std::to_string(max_bytes) + " bytes (max_file_bytes)");
    }
    if (!is_read) return refuse(std::strerror(errno));
    return Found::file;
}

}  // namespace camtap::source
