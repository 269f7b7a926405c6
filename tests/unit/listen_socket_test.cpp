// Promise: one daemon listens on a path, and when it is dead, whatever it leaves behind, the next one may.
#include "daemon/listen_socket.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

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

}  // namespace
}  // namespace camtap
