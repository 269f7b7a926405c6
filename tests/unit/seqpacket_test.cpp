// Promise: datagrams arrive whole with at most one descriptor, whatever else the peer packs in; errors say
// what to do.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "common/seqpacket.h"

namespace camtap {
namespace {

namespace fs = std::filesystem;

class Pair : public testing::Test {
  protected:
    Pair() {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        here.reset(ends[0]);
        there.reset(ends[1]);
    }

    // With `fds` in one control message.
    void send_with(std::vector<int> fds) const {
        auto poke = wire::make<wire::Poke>();
        iovec part{&poke, sizeof poke};
        alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = {};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
        cmsghdr* head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
        std::memcpy(CMSG_DATA(head), fds.data(), fds.size() * sizeof(int));
        ASSERT_EQ(sendmsg(there.get(), &message, 0), static_cast<ssize_t>(sizeof poke));
    }

    UniqueFd here;
    UniqueFd there;
    Datagram datagram;
};

bool same_file(int one, int another) {
    struct stat a {};
    struct stat b {};
    return fstat(one, &a) == 0 && fstat(another, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

size_t open_descriptors() {
    return static_cast<size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), {}));
}

using Seqpacket = Pair;

TEST_F(Seqpacket, OnlyTheFirstOfSeveralDescriptorsIsKept) {
    const UniqueFd first(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const UniqueFd second(open("/dev/zero", O_RDONLY | O_CLOEXEC));
    send_with({first.get(), second.get(), second.get()});
    const size_t before = open_descriptors();
    receive(here.get(), datagram);
    EXPECT_EQ(datagram.kind, Datagram::Kind::message);
    EXPECT_TRUE(same_file(datagram.fd.get(), first.get()));
    EXPECT_EQ(open_descriptors(), before + 1);
}

TEST_F(Seqpacket, WhatTheKernelAddsIsNoDescriptor) {
    const int on = 1;  // who sent it, as numbers in a control message
    ASSERT_EQ(setsockopt(here.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
    ASSERT_EQ(send_message(there.get(), wire::make<wire::Poke>()), Sent::yes);
    const size_t before = open_descriptors();
    receive(here.get(), datagram);
    EXPECT_EQ(datagram.kind, Datagram::Kind::message);
    EXPECT_FALSE(datagram.fd);
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Seqpacket, AMessageIsReadAsWhatItSaysItIsAndNothingElse) {
    ASSERT_EQ(send_message(there.get(), wire::make<wire::Sync>()), Sent::yes);
    receive(here.get(), datagram);
    wire::Sync sync;
    wire::Mapped of_the_same_length;
    static_assert(sizeof sync == sizeof of_the_same_length);
    EXPECT_TRUE(datagram.as(sync));
    EXPECT_FALSE(datagram.as(of_the_same_length));
    wire::Poke shorter;
    EXPECT_FALSE(datagram.as(shorter));
    sync.header.bytes = 1;  // and says another length than it has
    EXPECT_FALSE(wire::parse(&sync, sizeof sync, sync));
}

TEST_F(Seqpacket, ADatagramThatLiesAboutItsLengthIsMalformed) {
    auto lie = wire::make<wire::Sync>();
    ++lie.header.bytes;
    ASSERT_EQ(send_message(there.get(), lie), Sent::yes);
    receive(here.get(), datagram);
    EXPECT_EQ(datagram.kind, Datagram::Kind::malformed);
    ASSERT_EQ(send(there.get(), "x", 1, 0), 1);
    receive(here.get(), datagram);
    EXPECT_EQ(datagram.kind, Datagram::Kind::malformed);
}

TEST_F(Seqpacket, APeerThatDoesntReadIsFullAndOneThatIsGoneHasHungUp) {
    const auto poke = wire::make<wire::Poke>();
    Sent sent = Sent::yes;
    while (sent == Sent::yes) sent = send_message(here.get(), poke);
    EXPECT_EQ(sent, Sent::full);
    there.reset();
    EXPECT_EQ(send_message(here.get(), poke), Sent::hang_up);
}

TEST(UniqueFd, ThatIsMovedOntoItselfStaysOpen) {
    UniqueFd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int number = fd.get();
    UniqueFd& itself = fd;
    fd = std::move(itself);
    EXPECT_EQ(fd.get(), number);
    EXPECT_NE(fcntl(number, F_GETFD), -1);
}

class Environment : public testing::Test {
  protected:
    Environment() {
        std::string name = fs::temp_directory_path() / "camtap-socket-XXXXXX";
        directory_ = mkdtemp(name.data());
        for (const char* variable : {"CAMTAP_SOCKET", "XDG_RUNTIME_DIR"}) {
            const char* value = getenv(variable);
            if (value != nullptr) before_[variable] = value;
            unsetenv(variable);
        }
    }
    ~Environment() override {
        for (const char* variable : {"CAMTAP_SOCKET", "XDG_RUNTIME_DIR"}) unsetenv(variable);
        for (const auto& [variable, value] : before_) setenv(variable.c_str(), value.c_str(), 1);
        fs::remove_all(directory_);
    }
    static void set(const char* variable, const fs::path& value) { setenv(variable, value.c_str(), 1); }

    fs::path directory_;

  private:
    std::map<std::string, std::string> before_;
};

using SocketPath = Environment;

TEST_F(SocketPath, IsTheSystemsUnlessSomebodySaysOtherwise) {
    EXPECT_EQ(default_socket_path(), "/run/camtap/camtap.sock");
    set("CAMTAP_SOCKET", "");
    set("XDG_RUNTIME_DIR", "");
    EXPECT_EQ(default_socket_path(), "/run/camtap/camtap.sock");
}

TEST_F(SocketPath, IsTheUsersIfThereIsOne) {
    set("XDG_RUNTIME_DIR", directory_);
    EXPECT_EQ(default_socket_path(), "/run/camtap/camtap.sock")
        << "no daemon of the user's has listened here";
    std::ofstream(directory_ / "camtap.sock").put('x');
    EXPECT_EQ(default_socket_path(), directory_ / "camtap.sock");
    set("CAMTAP_SOCKET", "/elsewhere");
    EXPECT_EQ(default_socket_path(), "/elsewhere");
}

class Connecting : public Environment {
  protected:
    // Listens, and never accepts.
    UniqueFd listener(const fs::path& path, int backlog) const {
        UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.native().size());
        EXPECT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        if (backlog >= 0) {
            EXPECT_EQ(listen(socket.get(), backlog), 0);
        }
        return socket;
    }
};

TEST_F(Connecting, SaysThatNoDaemonIsThereHoweverItIsAbsent) {
    const fs::path path = directory_ / "socket";
    std::vector<Error> errors{connect_to(path).error()};  // no such file
    std::ofstream(directory_ / "file").put('x');
    errors.push_back(connect_to(directory_ / "file" / "socket").error());  // no such directory
    UniqueFd deaf = listener(path, -1);
    errors.push_back(connect_to(path).error());  // nobody listens
    deaf.reset();
    fs::remove(path);
    const UniqueFd busy = listener(path, 0);
    std::vector<UniqueFd> queue;
    for (;;) {
        Result<UniqueFd> connection = connect_to(path);
        if (!connection) {
            errors.push_back(connection.error());  // the queue is full
            break;
        }
        queue.push_back(std::move(*connection));
    }
    EXPECT_FALSE(queue.empty());
    for (const Error& error : errors) {
        EXPECT_EQ(error.code, Code::no_daemon) << error.message;
        EXPECT_NE(error.message.find("is camtapd running?"), std::string::npos) << error.message;
    }
}

TEST_F(Connecting, RefusesPathsThatNoSocketCanHave) {
    EXPECT_EQ(connect_to("").error().code, Code::invalid);
    EXPECT_EQ(connect_to(std::string(sizeof(sockaddr_un::sun_path), 'x')).error().code, Code::invalid);
}

TEST_F(Connecting, SaysWhatElseIsWrongAsTheSystemDoes) {
    std::error_code ignored;
    fs::create_symlink(directory_ / "loop", directory_ / "loop", ignored);
    const Error error = connect_to(directory_ / "loop").error();
    EXPECT_EQ(error.code, Code::system);
    EXPECT_EQ(error.system_errno, ELOOP);
}

}  // namespace
}  // namespace camtap
