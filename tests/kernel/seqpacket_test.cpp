// What the kernel must do with connections: whole messages, in order, to the last one, and a hang-up that
// nobody can hide.
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <vector>

#include "assumption.h"
#include "common/wire.h"
#include "tests/system/daemon_process.h"
#include "tests/system/forked.h"

namespace camtap::test {
namespace {

constexpr const char* kReceive = "common/seqpacket.cpp, receive()";
constexpr const char* kSend = "common/seqpacket.cpp, send_bytes()";

std::string receive_text(int socket, int flags = 0) {
    char text[64];
    const ssize_t n = recv(socket, text, sizeof text, flags | MSG_DONTWAIT);
    return n < 0 ? std::strerror(errno) : std::string(text, static_cast<size_t>(n));
}

void send_text(int socket, const std::string& text) {
    ASSERT_EQ(send(socket, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()))
        << WITH_ERRNO;
}

TEST(Seqpacket, KeepsTheBoundariesOfMessages) {
    CAMTAP_ASSUMES("a SEQPACKET socket hands out messages one by one, as they were sent", "common/wire.h");
    SocketPair pair;
    send_text(pair.a.get(), "one");
    send_text(pair.a.get(), "three");
    EXPECT_EQ(receive_text(pair.b.get()), "one");
    EXPECT_EQ(receive_text(pair.b.get()), "three");
}

TEST(Seqpacket, SaysWhenAMessageWasCutAndKeepsTheNextWhole) {
    CAMTAP_ASSUMES("of a message that is too long the rest is dropped, and MSG_TRUNC says so", kReceive);
    SocketPair pair;
    send_text(pair.a.get(), "a long one");
    send_text(pair.a.get(), "next");
    char text[4];
    iovec part{text, sizeof text};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    EXPECT_EQ(recvmsg(pair.b.get(), &message, 0), 4);
    EXPECT_NE(message.msg_flags & MSG_TRUNC, 0);
    EXPECT_EQ(receive_text(pair.b.get()), "next");
}

TEST(Seqpacket, TakesTheLargestMessageThatThereIs) {
    CAMTAP_ASSUMES("a message of 32 KiB fits a fresh socket's buffer", "common/wire.h, kMaxMessage");
    SocketPair pair;
    const std::vector<char> largest(wire::kMaxMessage, 'x');
    EXPECT_EQ(send(pair.a.get(), largest.data(), largest.size(), MSG_DONTWAIT),
              static_cast<ssize_t>(largest.size()));
    std::vector<char> received(largest.size() + 1);
    EXPECT_EQ(recv(pair.b.get(), received.data(), received.size(), 0), static_cast<ssize_t>(largest.size()));
}

TEST(Seqpacket, AFullBufferIsAnErrorNotAWait) {
    CAMTAP_ASSUMES(
        "a peer that doesn't read makes send() with MSG_DONTWAIT fail with EAGAIN, after a bounded number of "
        "messages; and that SO_SNDBUF makes them fewer",
        kSend);
    SocketPair pair;
    const auto fill = [](int socket) {
        int sent = 0;
        while (send(socket, "message", 7, MSG_DONTWAIT | MSG_NOSIGNAL) == 7 && sent < 100'000) ++sent;
        EXPECT_EQ(errno, EAGAIN) << WITH_ERRNO;
        return sent;
    };
    const int buffer_bytes = 8 * 1024;  // as daemon/broker_messages.cpp has it
    ASSERT_EQ(setsockopt(pair.b.get(), SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes), 0);
    const int few = fill(pair.b.get());
    EXPECT_GE(few, 3);
    EXPECT_GT(fill(pair.a.get()), few);
}

TEST(Seqpacket, WhatAKilledProcessSentIsReadBeforeItsHangUp) {
    CAMTAP_ASSUMES("messages that a process sent before it was killed are delivered, then comes end of file",
                   "daemon/stream.cpp: a source's last words are heard before its death is judged");
    SocketPair pair;
    Forked child([&](Forked::Child& c) {
        (void)!send(pair.a.get(), "last", 4, 0);
        (void)!send(pair.a.get(), "words", 5, 0);
        c.say();
        c.wait();
        return 0;
    });
    child.wait();
    pair.a.reset();
    child.kill(SIGKILL);
    child.join();
    EXPECT_NE(poll_one(pair.b.get(), POLLIN) & POLLHUP, 0);
    EXPECT_EQ(receive_text(pair.b.get()), "last");
    EXPECT_EQ(receive_text(pair.b.get()), "words");
    EXPECT_EQ(receive_text(pair.b.get()), "") << "no end of file";
}

TEST(Seqpacket, TheHangUpIsToldToThoseWhoAskedForNothing) {
    CAMTAP_ASSUMES(
        "epoll reports EPOLLHUP for a descriptor that is watched for no events at all",
        "daemon/broker.cpp, dismiss(): a session that is heard no more is only watched for its end");
    SocketPair pair;
    const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    ASSERT_EQ(epoll_ctl(epoll.get(), EPOLL_CTL_ADD, pair.b.get(), &event), 0);
    send_text(pair.a.get(), "unheard");
    EXPECT_EQ(epoll_wait(epoll.get(), &event, 1, 0), 0);
    pair.a.reset();
    ASSERT_EQ(epoll_wait(epoll.get(), &event, 1, kGuardMs), 1);
    EXPECT_NE(event.events & EPOLLHUP, 0u);
}

TEST(Seqpacket, UnreadMessagesDontHideWhatWasSaidBefore) {
    CAMTAP_ASSUMES(
        "a peer that closes with messages of ours unread gives ECONNRESET once, and what it had sent is "
        "still "
        "there",
        kReceive);
    SocketPair pair;
    send_text(pair.a.get(), "refused");
    send_text(pair.b.get(), "never read");
    pair.a.reset();
    const std::string first = receive_text(pair.b.get());
    const std::string second = first == std::strerror(ECONNRESET) ? receive_text(pair.b.get()) : first;
    EXPECT_EQ(first, std::strerror(ECONNRESET)) << "harmless by itself: receive() takes it either way";
    EXPECT_EQ(second, "refused");
    EXPECT_EQ(receive_text(pair.b.get()), "");
}

TEST(Seqpacket, SendingToTheDeadRaisesNoSignal) {
    CAMTAP_ASSUMES("sending with MSG_NOSIGNAL to a peer that is gone fails with EPIPE and raises no signal",
                   kSend);
    SocketPair pair;
    pair.b.reset();
    Forked sender([&](Forked::Child&) {
        signal(SIGPIPE, SIG_DFL);
        return send(pair.a.get(), "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE ? 0 : 1;
    });
    EXPECT_EQ(sender.join(), 0) << -SIGPIPE << " is SIGPIPE";
}

TEST(Seqpacket, AConnectionOutlivesItsProcessInAFork) {
    CAMTAP_ASSUMES("a socket hangs up only when the last copy of it is closed, forks' included",
                   "daemon/peer.h: so a tap's death is known by its pidfd as well");
    SocketPair pair;
    Forked child([&](Forked::Child& c) {
        c.wait();
        return 0;
    });
    pair.a.reset();
    EXPECT_EQ(poll_one(pair.b.get(), POLLIN, 0), 0) << "it hung up although the child has it";
    child.say();
    child.join();
    EXPECT_NE(poll_one(pair.b.get(), POLLIN) & POLLHUP, 0);
}

// A listening socket in a directory of its own, as camtapd's or systemd's.
struct Listener : testing::Test {
    TemporaryDirectory directory;
    std::string path = directory.file("socket");
    UniqueFd listener{socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};

    void SetUp() override {
        const mode_t before = umask(0111);
        const sockaddr_un address = name();
        const int bound = bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
        umask(before);
        ASSERT_EQ(bound, 0) << WITH_ERRNO;
        ASSERT_EQ(listen(listener.get(), 4), 0) << WITH_ERRNO;
    }
    sockaddr_un name() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        return address;
    }
    int try_connect(UniqueFd& fd) const {
        fd.reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const sockaddr_un address = name();
        return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    UniqueFd accepted() const { return UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
};

TEST_F(Listener, ConnectionsQueueWhileNobodyAccepts) {
    CAMTAP_ASSUMES("connect() succeeds at once while nobody accepts, and what was sent waits in the queue",
                   "systemd/camtapd.socket: a restart of the daemon is a pause");
    UniqueFd client;
    ASSERT_EQ(try_connect(client), 0) << WITH_ERRNO;
    send_text(client.get(), "hello");
    const UniqueFd server = accepted();
    ASSERT_TRUE(server) << WITH_ERRNO;
    EXPECT_EQ(receive_text(server.get()), "hello");
}

TEST_F(Listener, ALongQueueIsAnErrorNotAWait) {
    CAMTAP_ASSUMES("connect() on a non-blocking socket fails with EAGAIN when the queue is full",
                   "common/seqpacket.cpp, connect_to(): it passes");
    std::vector<UniqueFd> clients(64);
    int failed_with = 0;
    for (UniqueFd& client : clients) {
        if (try_connect(client) != 0) {
            failed_with = errno;
            break;
        }
    }
    EXPECT_EQ(failed_with, EAGAIN) << std::strerror(failed_with);
}

TEST_F(Listener, WithoutOneTheConnectionIsRefused) {
    CAMTAP_ASSUMES(
        "connect() to a socket file that nobody listens on fails with ECONNREFUSED, to none at all with "
        "ENOENT; and those who queued are hung up on",
        "common/seqpacket.cpp, connect_to(): no_daemon");
    UniqueFd queued;
    ASSERT_EQ(try_connect(queued), 0);
    listener.reset();
    EXPECT_NE(poll_one(queued.get(), POLLIN) & POLLHUP, 0);
    UniqueFd late;
    EXPECT_EQ(try_connect(late), -1);
    EXPECT_EQ(errno, ECONNREFUSED) << WITH_ERRNO;
    unlink(path.c_str());
    EXPECT_EQ(try_connect(late), -1);
    EXPECT_EQ(errno, ENOENT) << WITH_ERRNO;
}

TEST_F(Listener, TheQueueOutlivesTheProcessThatServedIt) {
    CAMTAP_ASSUMES("a listening socket works on while any process has it, whoever accepted before was killed",
                   "systemd/camtapd.socket: systemd holds it over a crash of the daemon");
    Forked daemon([this](Forked::Child& child) {
        poll_one(listener.get(), POLLIN);
        const UniqueFd served = accepted();
        child.say();
        child.wait();
        return 0;
    });
    UniqueFd first;
    ASSERT_EQ(try_connect(first), 0);
    daemon.wait();
    daemon.kill(SIGKILL);
    daemon.join();
    EXPECT_NE(poll_one(first.get(), POLLIN) & POLLHUP, 0) << "its clients notice";
    UniqueFd second;
    EXPECT_EQ(try_connect(second), 0) << WITH_ERRNO;
    EXPECT_TRUE(accepted());
}

TEST_F(Listener, AnybodyMayConnectToASocketMadeWithThatUmask) {
    CAMTAP_ASSUMES("bind() gives the socket's file the mode 0777 less the umask", "daemon/listen_socket.cpp");
    struct stat st {};
    ASSERT_EQ(stat(path.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 0777u, 0666u);
}

TEST_F(Listener, ThePeersNameIsThatOfTheProcessThatConnected) {
    CAMTAP_ASSUMES(
        "SO_PEERCRED names the process that called connect(), with its user, however the socket travelled",
        "daemon/peer.cpp");
    Forked client([this](Forked::Child& child) {
        UniqueFd mine;
        if (try_connect(mine) != 0) return 1;
        child.say();
        child.wait();
        return 0;
    });
    client.wait();
    const UniqueFd server = accepted();
    ucred credentials{};
    socklen_t bytes = sizeof credentials;
    ASSERT_EQ(getsockopt(server.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &bytes), 0) << WITH_ERRNO;
    EXPECT_EQ(credentials.pid, client.pid());
    EXPECT_EQ(credentials.uid, geteuid());
    EXPECT_EQ(credentials.gid, getegid());
    client.say();
    EXPECT_EQ(client.join(), 0);
}

TEST_F(Listener, ThePeersGroupsAreKnown) {
    CAMTAP_ASSUMES(
        "SO_PEERGROUPS lists the peer's supplementary groups, and with too little room says ERANGE and how "
        "much it takes",
        "daemon/peer.cpp, groups_of()");
    UniqueFd client;
    ASSERT_EQ(try_connect(client), 0);
    const UniqueFd server = accepted();
    std::vector<gid_t> mine(static_cast<size_t>(getgroups(0, nullptr)));
    ASSERT_EQ(getgroups(static_cast<int>(mine.size()), mine.data()), static_cast<int>(mine.size()));
    std::vector<gid_t> peers(mine.size() + 16);
    auto bytes = static_cast<socklen_t>(peers.size() * sizeof(gid_t));
    ASSERT_EQ(getsockopt(server.get(), SOL_SOCKET, SO_PEERGROUPS, peers.data(), &bytes), 0) << WITH_ERRNO;
    peers.resize(bytes / sizeof(gid_t));
    EXPECT_EQ(peers, mine);
    if (mine.empty()) return;
    bytes = 0;
    EXPECT_EQ(getsockopt(server.get(), SOL_SOCKET, SO_PEERGROUPS, peers.data(), &bytes), -1);
    EXPECT_EQ(errno, ERANGE) << WITH_ERRNO;
    EXPECT_EQ(bytes, mine.size() * sizeof(gid_t));
}

}  // namespace
}  // namespace camtap::test
