// What every test of the kernel contract has in common: it names, in a sentence, what camtap takes for
// granted and where it does so. On a kernel that behaves otherwise the sentence stands under the failure.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "common/unique_fd.h"

// The first line of each test. `sentence` goes on from "camtap assumes that"; `where` is the code that relies
// on it.
#define CAMTAP_ASSUMES(sentence, where) SCOPED_TRACE(camtap::test::assumption(sentence, where))

// For an ASSERT or EXPECT on a system call: what errno says.
#define WITH_ERRNO " (errno: " << std::strerror(errno) << ")"

namespace camtap::test {

std::string assumption(const char* sentence, const char* where);

inline constexpr int kGuardMs = 10'000;  // how long a test waits for what must happen; no promise about time

// The events that come; 0 if none does before the guard.
inline short poll_one(int fd, short events, int timeout_ms = kGuardMs) {
    pollfd entry{fd, events, 0};
    return poll(&entry, 1, timeout_ms) == 1 ? entry.revents : short{0};
}

inline bool is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

// Two connected SEQPACKET sockets, or a failed test.
struct SocketPair {
    SocketPair() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0) << WITH_ERRNO;
        a.reset(ends[0]);
        b.reset(ends[1]);
    }
    UniqueFd a;
    UniqueFd b;
};

}  // namespace camtap::test
