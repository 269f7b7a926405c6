// What the kernel must do with descriptors that travel in messages: all or none, closed wherever nobody takes
// them.
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <vector>

#include "assumption.h"
#include "tests/system/forked.h"

namespace camtap::test {
namespace {

constexpr size_t kMost = 253;  // the kernel's SCM_MAX_FD
constexpr const char* kWhere = "common/seqpacket.cpp, receive()";

// −1 as send() does, or the bytes sent.
ssize_t send_descriptors(int socket, const std::vector<int>& fds) {
    char text = 'x';
    iovec part{&text, 1};
    std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(head), fds.data(), fds.size() * sizeof(int));
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

struct Received {
    ssize_t bytes = -1;
    int flags = 0;
    std::vector<UniqueFd> fds;
};

Received receive_descriptors(int socket, size_t room) {
    char text = 0;
    iovec part{&text, 1};
    std::vector<char> control(CMSG_SPACE(room * sizeof(int)));
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = CMSG_LEN(room * sizeof(int));
    Received received;
    received.bytes = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    received.flags = message.msg_flags;
    const cmsghdr* head = CMSG_FIRSTHDR(&message);
    if (received.bytes < 0 || head == nullptr) return received;
    for (size_t i = 0; i < (head->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
        received.fds.emplace_back(fd);
    }
    return received;
}

// A pipe whose writing end is sent away: when it is closed everywhere, the reading end is at its end.
struct Tracer {
    Tracer() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        reading.reset(ends[0]);
        writing.reset(ends[1]);
    }
    bool closed_everywhere() const { return (poll_one(reading.get(), POLLIN) & POLLHUP) != 0; }
    bool still_open() const { return poll_one(reading.get(), POLLIN, 0) == 0; }
    UniqueFd reading;
    UniqueFd writing;
};

TEST(SentDescriptors, AreAtMost253) {
    CAMTAP_ASSUMES("a message carries at most 253 descriptors, and more are refused as a whole", kWhere);
    SocketPair pair;
    const Tracer tracer;
    EXPECT_EQ(send_descriptors(pair.a.get(), std::vector<int>(kMost + 1, tracer.writing.get())), -1);
    EXPECT_EQ(errno, EINVAL) << WITH_ERRNO;
    EXPECT_EQ(send_descriptors(pair.a.get(), std::vector<int>(kMost, tracer.writing.get())), 1) << WITH_ERRNO;
    EXPECT_EQ(receive_descriptors(pair.b.get(), kMost).fds.size(), kMost);
}

TEST(SentDescriptors, NameTheSameFile) {
    CAMTAP_ASSUMES(
        "a received descriptor is the same open file, and closed on exec if MSG_CMSG_CLOEXEC says so",
        kWhere);
    SocketPair pair;
    Tracer tracer;
    ASSERT_EQ(send_descriptors(pair.a.get(), {tracer.writing.get()}), 1);
    tracer.writing.reset();
    const Received received = receive_descriptors(pair.b.get(), 1);
    ASSERT_EQ(received.fds.size(), 1u);
    EXPECT_EQ(fcntl(received.fds[0].get(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(write(received.fds[0].get(), "x", 1), 1);
    char c = 0;
    EXPECT_EQ(read(tracer.reading.get(), &c, 1), 1);
}

TEST(SentDescriptors, ThatFindNoRoomAreClosed) {
    CAMTAP_ASSUMES("descriptors for which the receiver has no room are closed, and MSG_CTRUNC says so",
                   kWhere);
    SocketPair pair;
    Tracer first;
    Tracer second;
    Tracer third;
    ASSERT_EQ(
        send_descriptors(pair.a.get(), {first.writing.get(), second.writing.get(), third.writing.get()}), 1);
    for (Tracer* tracer : {&first, &second, &third}) tracer->writing.reset();
    const Received received = receive_descriptors(pair.b.get(), 2);
    EXPECT_EQ(received.bytes, 1) << "the message itself comes all the same";
    EXPECT_NE(received.flags & MSG_CTRUNC, 0);
    EXPECT_EQ(received.fds.size(), 2u);
    EXPECT_TRUE(first.still_open());
    EXPECT_TRUE(third.closed_everywhere());
}

TEST(SentDescriptors, NobodyEverReceivesAreClosedWithTheSocket) {
    CAMTAP_ASSUMES("descriptors in a message that is never received are closed when the receiver is", kWhere);
    SocketPair pair;
    Tracer tracer;
    ASSERT_EQ(send_descriptors(pair.a.get(), {tracer.writing.get()}), 1);
    tracer.writing.reset();
    EXPECT_TRUE(tracer.still_open());
    pair.b.reset();
    EXPECT_TRUE(tracer.closed_everywhere());
}

TEST(SentDescriptors, SentThroughThemselvesAreCollected) {
    CAMTAP_ASSUMES("a socket that is sent through itself and never received is collected, not leaked",
                   "daemon/broker_messages.cpp, on_readable(): peers may send anything");
    Tracer tracer;
    {
        SocketPair pair;
        ASSERT_EQ(send_descriptors(pair.a.get(), {pair.b.get(), tracer.writing.get()}), 1);
        tracer.writing.reset();
    }
    // The collector runs when the next socket is closed, or sooner
    for (int i = 0; i < 100 && tracer.still_open(); ++i) {
        SocketPair another;
        const Tracer next;
        (void)send_descriptors(another.a.get(), {another.b.get(), next.writing.get()});
        poll(nullptr, 0, 10);
    }
    EXPECT_TRUE(tracer.closed_everywhere());
}

TEST(SentDescriptors, OfAReceiverWithoutRoomInItsTableAreDropped) {
    CAMTAP_ASSUMES(
        "a receiver that is at its limit of descriptors still gets the message, without the descriptor",
        "client/attachment.cpp: it is told that memory is missing, and tries again");
    SocketPair pair;
    Tracer tracer;
    ASSERT_EQ(send_descriptors(pair.a.get(), {tracer.writing.get()}), 1);
    tracer.writing.reset();
    Forked receiver([&](Forked::Child&) {
        const rlimit none{0, 0};
        if (setrlimit(RLIMIT_NOFILE, &none) != 0) return 1;
        const Received received = receive_descriptors(pair.b.get(), 1);
        if (received.bytes != 1) return 2;
        return received.fds.empty() && (received.flags & MSG_CTRUNC) != 0 ? 0 : 3;
    });
    EXPECT_EQ(receiver.join(), 0) << "2: no message, 3: no word that something is missing";
    EXPECT_TRUE(tracer.closed_everywhere());
}

TEST(SentDescriptors, OnTheirWayAreLimitedPerUser) {
    CAMTAP_ASSUMES(
        "who has as many descriptors on their way as it may have open is refused with ETOOMANYREFS, and "
        "nothing is lost",
        "common/seqpacket.cpp, send_bytes(): a full peer; daemon/broker_messages.cpp, kReplyBufferBytes");
    SocketPair pair;
    const Tracer tracer;
    Forked sender([&](Forked::Child&) {
        constexpr uid_t kSomebodyElse =
            61'234;  // root is exempt, and another test may be sending as this user
        if (geteuid() == 0 && (setgid(kSomebodyElse) != 0 || setuid(kSomebodyElse) != 0)) return 1;
        const rlimit few{64, 64};
        if (setrlimit(RLIMIT_NOFILE, &few) != 0) return 2;
        const std::vector<int> fds(16, tracer.writing.get());
        int messages = 0;
        while (messages < 100 && send_descriptors(pair.a.get(), fds) == 1) ++messages;
        if (errno != ETOOMANYREFS) return 3;
        while (receive_descriptors(pair.b.get(), fds.size()).bytes == 1) --messages;
        return messages == 0 ? 0 : 4;
    });
    EXPECT_EQ(sender.join(), 0) << "3: another error or none, 4: messages were lost";
}

}  // namespace
}  // namespace camtap::test
