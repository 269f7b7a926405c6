#include "daemon/source/watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace camtap::source {

Result<DirectoryWatch> DirectoryWatch::open(int directory) {
    DirectoryWatch watch;
    watch.fd_.reset(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!watch.fd_) return system_error("watch: inotify_init (see fs.inotify.max_user_instances)", errno);
    // By descriptor, so that it is the very directory that is read, whatever its name is by now.
    const std::string path = "/proc/self/fd/" + std::to_string(directory);
    const uint32_t events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    if (inotify_add_watch(watch.fd_.get(), path.c_str(), events) < 0) {
        return system_error("watch: inotify_add_watch (see fs.inotify.max_user_watches)", errno);
    }
    return watch;
}

DirectoryWatch::News DirectoryWatch::drain() {
    News news;
    alignas(inotify_event) char buffer[16 * 1024];
    while (true) {
        const ssize_t n = ::read(fd_.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return news;
        for (size_t at = 0; at < static_cast<size_t>(n);) {
            inotify_event event{};
            std::memcpy(&event, buffer + at, sizeof event);
            if ((event.mask & IN_Q_OVERFLOW) != 0) news.overflow = true;
            if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) news.gone = true;
            if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0 && (event.mask & IN_ISDIR) == 0 &&
                event.len > 0) {
                news.names.emplace_back(buffer + at + sizeof event);
            }
            at += sizeof event + event.len;
        }
    }
}

}  // namespace camtap::source
