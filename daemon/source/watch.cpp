#include "daemon/source/watch.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace camtap::source {

namespace {

// By descriptor, so that it is the very directory that is read, whatever its name is by now.
int add_watch(int inotify, int directory, uint32_t events) {
    const std::string path = "/proc/self/fd/" + std::to_string(directory);
    return inotify_add_watch(inotify, path.c_str(), events | IN_ONLYDIR);
}

bool is_removed(int directory) {
    struct stat status {};
    return fstat(directory, &status) == 0 && status.st_nlink == 0;
}

}  // namespace

Result<DirectoryWatch> DirectoryWatch::open(int directory) {
    DirectoryWatch watch;
    watch.fd_.reset(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!watch.fd_) return system_error("watch: inotify_init (see fs.inotify.max_user_instances)", errno);
    if (add_watch(watch.fd_.get(), directory, IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVE_SELF) < 0) {
        return system_error("watch: inotify_add_watch (see fs.inotify.max_user_watches)", errno);
    }
    watch.directory_.reset(fcntl(directory, F_DUPFD_CLOEXEC, 0));
    if (!watch.directory_) return system_error("watch: dup", errno);
    // As long as somebody has it open, a removed directory doesn't say so itself (IN_DELETE_SELF comes with
    // the last close); the one above does. It may be unreadable: then removal goes unnoticed, which harms
    // nobody.
    if (const UniqueFd parent(openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); parent) {
        watch.parent_ = add_watch(watch.fd_.get(), parent.get(), IN_DELETE);
    }
    return watch;
}

DirectoryWatch::News DirectoryWatch::drain() {
    News news;
    alignas(inotify_event) char buffer[16 * 1024];
    while (true) {
        const ssize_t n = ::read(fd_.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        for (size_t at = 0; at < static_cast<size_t>(n);) {
            inotify_event event{};
            std::memcpy(&event, buffer + at, sizeof event);
            if ((event.mask & IN_Q_OVERFLOW) != 0) news.overflow = true;
            if ((event.mask & IN_MOVE_SELF) != 0) news.gone = true;
            const bool is_file = (event.mask & IN_ISDIR) == 0 && event.len > 0 && event.wd != parent_;
            if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0 && is_file) {
                news.names.emplace_back(buffer + at + sizeof event);
            }
            at += sizeof event + event.len;
        }
    }
    if (is_removed(directory_.get())) news.gone = true;
    return news;
}

}  // namespace camtap::source
