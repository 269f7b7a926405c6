#include "daemon/peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace camtap {

static std::vector<gid_t> groups_of(int socket) {
    std::vector<gid_t> groups(64);
    socklen_t bytes = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    int r = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes);
    if (r != 0 && errno == ERANGE) {
        groups.resize(bytes / sizeof(gid_t));
        r = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes);
    }
    groups.resize(r == 0 ? bytes / sizeof(gid_t) : 0);
    return groups;
}

Peer Peer::of(int socket) {
    Peer peer;
    ucred credentials{};
    socklen_t bytes = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) == 0) {
        peer.pid = credentials.pid;
        peer.uid = credentials.uid;
        peer.gid = credentials.gid;
    }
    peer.groups = groups_of(socket);
    if (peer.pid > 0) peer.pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, peer.pid, 0)));
    return peer;
}

void refuse_descriptors(int socket) {
    constexpr int kPassRights = 83;  // SO_PASSRIGHTS, which Debian 12 has no name for yet
    const int no = 0;
    (void)setsockopt(socket, SOL_SOCKET, kPassRights, &no, sizeof no);  // older kernels don't know it
}

bool Peer::may_administer() const {
    return uid == 0 || uid == geteuid();
}

bool Peer::may(const Access& access) const {
    if (may_administer() || access.everybody) return true;
    const auto member = [&access](gid_t group) {
        return std::binary_search(access.groups.begin(), access.groups.end(), group);
    };
    return std::binary_search(access.users.begin(), access.users.end(), uid) || member(gid) ||
           std::any_of(groups.begin(), groups.end(), member);
}

}  // namespace camtap
