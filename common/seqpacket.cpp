#include "common/seqpacket.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <span>

namespace camtap {
namespace {

// The peer's buffer is full, or: ETOOMANYREFS: too many descriptors of ours are in flight, because peers
// don't receive them. EPERM, EACCES: a security module forbids it. No hang-up will follow any of these.
constexpr int kNotNow[] = {EAGAIN, ENOBUFS, ENOMEM, ETOOMANYREFS, EPERM, EACCES};
// EAGAIN: the backlog is full, which passes
constexpr int kNoDaemon[] = {ENOENT, ECONNREFUSED, EAGAIN, ENOTDIR};
constexpr int kNotAllowed[] = {EACCES, EPERM};
constexpr int kLimit[] = {EMFILE, ENFILE};

bool is_one_of(std::span<const int> errors, int error) {
    return std::find(errors.begin(), errors.end(), error) != errors.end();
}

const char* variable(const char* name) {
    const char* const value = getenv(name);
    return value != nullptr ? value : "";
}

}  // namespace

wire::Type Datagram::type() const {
    wire::Header header{};
    std::memcpy(&header, data, sizeof header);  // receive() let nothing shorter through
    return header.type;
}

Sent send_bytes(int socket, const void* data, size_t bytes, int fd) {
    iovec part{const_cast<void*>(data), bytes};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (fd >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        auto* const head = reinterpret_cast<cmsghdr*>(control);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
    }
    while (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno == EINTR) continue;
        return is_one_of(kNotNow, errno) ? Sent::full : Sent::hang_up;
    }
    return Sent::yes;
}

static void take_descriptors(msghdr& message, UniqueFd& first) {
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_type != SCM_RIGHTS) continue;  // a Unix socket has none of another level
        const size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
            UniqueFd received(fd);
            if (!first) first = std::move(received);
        }
    }
}

void receive(int socket, Datagram& datagram) {
    datagram.fd.reset();
    datagram.bytes = 0;
    iovec part{datagram.data, sizeof datagram.data};
    alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t n = 0;
    // ECONNRESET, reported once, says that the peer closed without reading all that we sent. What it sent
    // before, such as the words of a refusal, is still there.
    while ((n = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) < 0 &&
           (errno == EINTR || errno == ECONNRESET)) {
    }
    if (n < 0) {
        datagram.kind = errno == EAGAIN ? Datagram::Kind::nothing_yet : Datagram::Kind::hang_up;
        return;
    }
    take_descriptors(message, datagram.fd);
    if (n == 0) {  // end of file; an empty datagram looks the same, and isn't ours either
        datagram.kind = Datagram::Kind::hang_up;
        return;
    }
    datagram.bytes = static_cast<size_t>(n);
    wire::Header header{};
    const bool whole = (message.msg_flags & MSG_TRUNC) == 0 && datagram.bytes >= sizeof header;
    if (whole) std::memcpy(&header, datagram.data, sizeof header);
    datagram.kind =
        whole && header.bytes == datagram.bytes ? Datagram::Kind::message : Datagram::Kind::malformed;
}

Result<UniqueFd> connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return Error{Code::invalid, 0,
                     "socket path '" + path + "' has " + std::to_string(path.size()) +
                         " bytes, a Unix socket has 1 to " + std::to_string(sizeof address.sun_path - 1)};
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        Error error = system_error("socket", errno);
        if (is_one_of(kLimit, errno)) error.code = Code::limit;
        return error;
    }
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int err = errno;
        Error error = system_error("connecting to camtapd at " + path, err);
        if (is_one_of(kNotAllowed, err)) error.code = Code::not_allowed;
        if (is_one_of(kNoDaemon, err)) {
            error.code = Code::no_daemon;
            error.message += " (is camtapd running? CAMTAP_SOCKET names another socket)";
        }
        return error;
    }
    return fd;
}

std::string default_socket_path() {
    if (const std::string path = variable("CAMTAP_SOCKET"); !path.empty()) return path;
    if (const std::string directory = variable("XDG_RUNTIME_DIR"); !directory.empty()) {
        const std::string path = directory + "/camtap.sock";
        struct stat st {};
        if (stat(path.c_str(), &st) == 0) return path;
    }
    return "/run/camtap/camtap.sock";
}

}  // namespace camtap
