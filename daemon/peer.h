// Who is at the other end of a connection, as the kernel says.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "daemon/config.h"

namespace camtap {

// The connection is the identity; the pidfd is best effort (−1 if the process can't be named, in another pid
// namespace, say): it tells of a death that the socket hides, because a child of fork() still holds it.
struct Peer {
    pid_t pid = 0;
    uid_t uid = static_cast<uid_t>(-1);
    gid_t gid = static_cast<gid_t>(-1);
    std::vector<gid_t> groups;  // supplementary ones
    UniqueFd pidfd;

    static Peer of(int socket);
    bool may(const Access& access) const;
    bool may_administer() const;  // root or the daemon's own user
};

// Nobody is to send us descriptors: closing one may take as long as its sender likes (a socket with
// SO_LINGER, the memory of a large file). From Linux 6.16 on the kernel keeps peers from it; before, they are
// closed on receipt. For a listening socket it counts for all who connect to it.
void refuse_descriptors(int socket);

}  // namespace camtap
