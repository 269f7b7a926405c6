// Promise: only those whom the configuration names may look; one daemon has the socket.
#include <grp.h>

#include <fstream>
#include <sstream>

#include "forked.h"
#include "pattern_stream.h"

namespace camtap::test {
namespace {

struct Access : testing::Test {
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root, to become other users";
    }
    // Taps as that user; the error, or OK.
    static int tap_as(const Daemon& daemon, uid_t user, std::vector<gid_t> groups) {
        Forked child([&](Forked::Child&) {
            if (setgroups(groups.size(), groups.data()) != 0 || setgid(65534) != 0 || setuid(user) != 0)
                return 99;
            try {
                Tap tap = daemon.tap("test");
                return tap.next(kGuard) ? 0 : 98;
            } catch (const Error& error) {
                return -static_cast<int>(error.code());
            }
        });
        return child.join();
    }
};

TEST_F(Access, OnlyThoseWhomTheConfigurationNames) {
    Daemon daemon(std::string(kPattern) + "allow_users = [\"12345\"]\nallow_groups = [\"video\"]\n");
    std::filesystem::permissions(daemon.directory().path(), std::filesystem::perms(0755));
    const group* video = getgrnam("video");
    ASSERT_NE(video, nullptr);
    EXPECT_EQ(tap_as(daemon, 12345, {}), 0);
    EXPECT_EQ(tap_as(daemon, 23456, {}), -CAMTAP_ERROR_NOT_ALLOWED);
    EXPECT_EQ(tap_as(daemon, 23456, {video->gr_gid}), 0) << "by a supplementary group";
}

TEST_F(Access, NobodyByDefaultEverybodyOnRequest) {
    Daemon daemon(kPattern);
    std::filesystem::permissions(daemon.directory().path(), std::filesystem::perms(0755));
    EXPECT_EQ(tap_as(daemon, 12345, {}), -CAMTAP_ERROR_NOT_ALLOWED);
    daemon.write_config(std::string(kPattern) + "allow_users = [\"*\"]\n");
    camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
    ASSERT_EQ(camtap_reload(daemon.socket_path().c_str(), 10'000'000'000, &result), CAMTAP_OK);
    EXPECT_EQ(tap_as(daemon, 12345, {}), 0);
}

std::string pattern(const std::string& name, int width) {
    return "[[stream]]\nname = \"" + name + "\"\nsource = \"pattern\"\nwidth = " + std::to_string(width) +
           "\nheight = 48\nfps = 100\ndepth = 200\n";
}

TEST(Socket, OfALiveDaemonIsRefusedOfADeadOneIsReplaced) {
    Daemon daemon(pattern("test", 64));
    {
        Child second({CAMTAPD, "--config", daemon.config_path(), "--socket", daemon.socket_path()}, {},
                     daemon.directory().file("second"));
        EXPECT_EQ(second.wait(), 1);
        std::ostringstream words;
        words << std::ifstream(daemon.directory().file("second")).rdbuf();
        EXPECT_NE(words.str().find("another camtapd listens on"), std::string::npos) << words.str();
    }
    Tap tap = daemon.tap("test");
    EXPECT_TRUE(tap.next(kGuard));
    daemon.stop(SIGKILL);
    EXPECT_TRUE(std::filesystem::exists(daemon.socket_path()));
    daemon.start();
    EXPECT_TRUE(tap.next(kGuard));
    EXPECT_EQ(daemon.stop(SIGTERM), 0);
    EXPECT_FALSE(std::filesystem::exists(daemon.socket_path()));
}

TEST(Socket, APathThatIsTooLongIsRefusedWithTheLimit) {
    TemporaryDirectory directory;
    std::ofstream(directory.file("camtap.toml")) << pattern("test", 64);
    Child daemon({CAMTAPD, "--config", directory.file("camtap.toml"), "--socket",
                  directory.file(std::string(200, 'a'))},
                 {}, directory.file("log"));
    EXPECT_EQ(daemon.wait(), 1);
    std::ostringstream words;
    words << std::ifstream(directory.file("log")).rdbuf();
    EXPECT_NE(words.str().find("107"), std::string::npos) << words.str();
    try {
        TapOptions options;
        options.socket_path = std::string(200, 'a');
        Tap tap("test", options);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), CAMTAP_ERROR_INVALID);
    }
}

TEST(Socket, WithoutADaemonTheErrorSaysSo) {
    TapOptions options;
    options.socket_path = "/nonexistent/camtap.sock";
    try {
        Tap tap("test", options);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), CAMTAP_ERROR_NO_DAEMON);
        EXPECT_NE(std::string(error.what()).find("camtapd"), std::string::npos);
    }
}

}  // namespace
}  // namespace camtap::test
