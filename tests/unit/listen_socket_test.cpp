// Promise: one daemon listens on a path, and when it is dead, whatever it leaves behind, the next one may.
#include "daemon/listen_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "common/seqpacket.h"
#include "tests/system/forked.h"

namespace camtap {
namespace {

class ListenSocketTest : public testing::Test {
  protected:
    ListenSocketTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "camtap-test-XXXXXX").string();
        directory_ = mkdtemp(pattern.data());
    }
    ~ListenSocketTest() override { std::filesystem::remove_all(directory_); }
    std::string path() const { return directory_ + "/camtap.sock"; }

  private:
    std::string directory_;
};

TEST_F(ListenSocketTest, IsRefusedWhileAnotherProcessHasIt) {
    test::Forked other([&](test::Forked::Child& child) {
        const Result<ListenSocket> socket = ListenSocket::open(path());
        child.say();
        child.wait();
        return socket.ok() ? 0 : 1;
    });
    other.wait();
    const Result<ListenSocket> refused = ListenSocket::open(path());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::busy);
    other.say();
    EXPECT_EQ(other.join(), 0);
    EXPECT_TRUE(ListenSocket::open(path()).ok());
}

// As a source between fork and exec.
TEST_F(ListenSocketTest, IsFreeWhenItsOwnerIsDeadThoughAChildOfItLives) {
    test::Forked daemon([&](test::Forked::Child& child) {
        const Result<ListenSocket> socket = ListenSocket::open(path());
        if (fork() == 0) {
            child.say();
            child.wait();
            _exit(0);
        }
        pause();
        return socket.ok() ? 0 : 1;
    });
    daemon.wait();
    daemon.kill(SIGKILL);
    EXPECT_EQ(daemon.join(), -SIGKILL);
    const Result<ListenSocket> next = ListenSocket::open(path());
    EXPECT_TRUE(next.ok()) << next.error().message;
    daemon.say();
}

TEST_F(ListenSocketTest, ComesBackInAFolderThatIsMadeForIt) {
    const std::string deep = path() + ".d/deeper/camtap.sock";
    EXPECT_TRUE(ListenSocket::open(deep).ok());
    EXPECT_FALSE(std::filesystem::exists(deep)) << "what it made is gone with it";
}

TEST_F(ListenSocketTest, IsRefusedWithAReasonWhereNoneCanBe) {
    const auto code_of = [](const std::string& at) { return ListenSocket::open(at).error().code; };
    EXPECT_EQ(code_of(""), Code::invalid);
    EXPECT_EQ(code_of(std::string(108, 'x')), Code::invalid);
    std::ofstream(path()).put('x');
    EXPECT_EQ(code_of(path()), Code::busy) << "a file of somebody's";
    EXPECT_TRUE(std::filesystem::exists(path()));
    EXPECT_EQ(code_of(path() + "/camtap.sock"), Code::system) << "below a file";
    std::filesystem::create_directory(path() + ".two.lock");
    EXPECT_EQ(code_of(path() + ".two"), Code::system) << "no room for the lock";
    std::filesystem::create_symlink("/nowhere", path() + ".three.lock");
    EXPECT_EQ(code_of(path() + ".three"), Code::system) << "the lock's name leads elsewhere";
}

// As systemd starts a service: `sockets` from descriptor 3 on. Runs in a child, for its descriptors' sake.
int with_passed(std::vector<UniqueFd> sockets, const std::string& count, const std::function<int()>& body) {
    return test::Forked([&](test::Forked::Child&) {
               std::vector<UniqueFd> away;  // from the places where they shall be
               for (const UniqueFd& s : sockets) away.emplace_back(fcntl(s.get(), F_DUPFD_CLOEXEC, 100));
               for (size_t i = 0; i < away.size(); ++i) dup2(away[i].get(), 3 + static_cast<int>(i));
               setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
               setenv("LISTEN_FDS", count.c_str(), 1);
               return body();
           })
        .join();
}

UniqueFd listening(int type, const std::string& path) {
    UniqueFd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd.get(), 1), 0);
    return fd;
}

std::vector<UniqueFd> one(UniqueFd fd) {
    std::vector<UniqueFd> all;
    all.push_back(std::move(fd));
    return all;
}

TEST_F(ListenSocketTest, IsTheOneThatSystemdPassesAndOutlivesTheDaemon) {
    const int status = with_passed(one(listening(SOCK_SEQPACKET, path())), "1", [&] {
        const Result<ListenSocket> passed = ListenSocket::open("/nowhere/else");
        if (!passed.ok()) return 1;
        const Result<UniqueFd> client = connect_to(path());
        if (passed->path() != path()) return 3;
        return client.ok() && accept(passed->fd(), nullptr, nullptr) >= 0 ? 0 : 2;
    });
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(ListenSocketTest, IsNoneThatSystemdShouldntPass) {
    const auto refused = [&] { return ListenSocket::open(path()).ok() ? 1 : 0; };
    EXPECT_EQ(with_passed(one(listening(SOCK_STREAM, path() + "1")), "1", refused), 0) << "of another kind";
    EXPECT_EQ(with_passed(one(UniqueFd(socket(AF_UNIX, SOCK_SEQPACKET, 0))), "1", refused), 0)
        << "that doesn't listen";
    std::vector<UniqueFd> two = one(listening(SOCK_SEQPACKET, path() + "2"));
    two.push_back(listening(SOCK_SEQPACKET, path() + "3"));
    EXPECT_EQ(with_passed(std::move(two), "2", refused), 0) << "two at once";
    EXPECT_EQ(with_passed({}, "many", refused), 0) << "a number that is none";
}

TEST(ListenPath, IsWhatTheEnvironmentSaysOrTheUsersOrTheSystems) {
    const auto path_of = [](bool root, const char* socket, const char* runtime) {
        int from_child[2];
        EXPECT_EQ(pipe(from_child), 0);
        EXPECT_EQ(test::Forked([&](test::Forked::Child&) {
                      if (!root && geteuid() == 0 && seteuid(65534) != 0) return 1;
                      socket != nullptr ? setenv("CAMTAP_SOCKET", socket, 1) : unsetenv("CAMTAP_SOCKET");
                      runtime != nullptr ? setenv("XDG_RUNTIME_DIR", runtime, 1)
                                         : unsetenv("XDG_RUNTIME_DIR");
                      const std::string path = default_listen_path();
                      if (getuid() == 0 && seteuid(0) != 0) return 2;
                      const ssize_t written = write(from_child[1], path.data(), path.size());
                      return written > 0 ? 0 : 1;
                  }).join(),
                  0);
        char text[256] = {};
        EXPECT_GT(read(from_child[0], text, sizeof text - 1), 0);
        for (const int fd : from_child) close(fd);
        return std::string(text);
    };
    EXPECT_EQ(path_of(false, "/said", "/user"), "/said");
    EXPECT_EQ(path_of(false, "", "/user"), "/user/camtap.sock");
    EXPECT_EQ(path_of(false, nullptr, ""), "/run/camtap/camtap.sock");
    EXPECT_EQ(path_of(false, nullptr, nullptr), "/run/camtap/camtap.sock");
    if (geteuid() != 0) GTEST_SKIP() << "what is root's needs root to be seen";
    EXPECT_EQ(path_of(true, nullptr, "/user"), "/run/camtap/camtap.sock");
}

}  // namespace
}  // namespace camtap
