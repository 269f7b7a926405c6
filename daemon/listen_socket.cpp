#include "daemon/listen_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "daemon/peer.h"

namespace camtap {

static Result<UniqueFd> socket_from_systemd() {
    const int count = sd_listen_fds(1);
    if (count < 0) return system_error("taking the socket from systemd", -count);
    if (count == 0) return UniqueFd();
    if (count > 1) return Error{Code::invalid, 0, "systemd passed more than one socket"};
    UniqueFd fd(SD_LISTEN_FDS_START);
    if (sd_is_socket_unix(fd.get(), SOCK_SEQPACKET, 1, nullptr, 0) <= 0) {
        return Error{Code::invalid, 0,
                     "the socket that systemd passed isn't a listening SEQPACKET Unix socket "
                     "(ListenSequentialPacket= in camtapd.socket)"};
    }
    if (fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0)
        return system_error("O_NONBLOCK on systemd's socket", errno);
    return fd;
}

// Empty if it has none in the file system.
static std::string path_of(int fd) {
    sockaddr_un address{};
    socklen_t length = sizeof address;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
    address.sun_path[sizeof address.sun_path - 1] = 0;
    return length > offsetof(sockaddr_un, sun_path) ? address.sun_path : "";
}

// A lock beside the socket says whether its owner lives; the socket's own file stays behind when a daemon is
// killed. A record lock, because children don't inherit it: one that has not come to its exec yet, when the
// daemon is killed, would go on holding any other kind.
static Result<UniqueFd> lock_path(const std::string& path) {
    const std::string lock = path + ".lock";
    UniqueFd fd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return system_error("creating " + lock, errno);
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (fcntl(fd.get(), F_SETLK, &whole) != 0) {
        if (errno != EAGAIN && errno != EACCES) return system_error("locking " + lock, errno);
        return Error{Code::busy, 0,
                     "another camtapd listens on " + path + "; stop it first, or choose another --socket"};
    }
    return fd;
}

static Status bind_and_listen(int fd, const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    struct stat st {};
    if (lstat(path.c_str(), &st) == 0) {
        if (!S_ISSOCK(st.st_mode)) return Error{Code::busy, 0, path + " is there and isn't a socket"};
        unlink(path.c_str());
    }
    // Anybody may connect, from the first moment on; who may do what is decided per stream
    const mode_t before = umask(0111);
    const int bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int err = errno;
    umask(before);
    if (bound != 0) return system_error("binding " + path, err);
    if (listen(fd, SOMAXCONN) != 0) return system_error("listening on " + path, errno);
    return Done{};
}

Result<ListenSocket> ListenSocket::open(const std::string& path) {
    ListenSocket result;
    Result<UniqueFd> passed = socket_from_systemd();
    if (!passed) return passed.error();
    result.path_ = path;
    if (*passed) {
        refuse_descriptors(passed->get());
        if (std::string own = path_of(passed->get()); !own.empty()) result.path_ = std::move(own);
        result.fd_ = std::move(*passed);
        return result;
    }
    constexpr size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;
    if (path.empty() || path.size() > kMaxPath) {
        return Error{Code::invalid, 0,
                     "socket path '" + path + "' has " + std::to_string(path.size()) +
                         " bytes, a Unix socket has 1 to " + std::to_string(kMaxPath)};
    }
    std::error_code ignored;  // if it can't be made, creating the lock says so
    if (const auto parent = std::filesystem::path(path).parent_path(); !parent.empty()) {
        std::filesystem::create_directories(parent, ignored);
    }
    Result<UniqueFd> lock = lock_path(path);
    if (!lock) return lock.error();
    result.fd_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!result.fd_) return system_error("socket", errno);
    refuse_descriptors(result.fd_.get());
    if (Status bound = bind_and_listen(result.fd_.get(), path); !bound) return bound.error();
    result.lock_ = std::move(*lock);
    return result;
}

ListenSocket::~ListenSocket() {
    remove();
}

void ListenSocket::remove() {
    if (!lock_) return;
    unlink(path_.c_str());  // the lock file stays: removing it would let two daemons hold "the" lock
    lock_.reset();
}

std::string default_listen_path() {
    if (const char* path = getenv("CAMTAP_SOCKET"); path != nullptr && *path != 0) return path;
    const char* runtime_dir = getenv("XDG_RUNTIME_DIR");
    if (geteuid() != 0 && runtime_dir != nullptr && *runtime_dir != 0)
        return std::string(runtime_dir) + "/camtap.sock";
    return "/run/camtap/camtap.sock";
}

}  // namespace camtap
