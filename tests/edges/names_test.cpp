// Promise: names and paths of the greatest length work on every way they take, and one byte more is refused
// on each in words that name the limit.
#include <fstream>

#include "edge_stream.h"

namespace camtap::test {
namespace {

const std::string kLongest(63, 'n');
const std::string kTooLong(64, 'n');
const std::string kManyParts = [] {  // 32 parts
    std::string name = "a";
    for (int i = 0; i < 31; ++i) name += "/b";
    return name;
}();

std::string stream_named(const std::string& name) {
    return "[[stream]]\nname = \"" + name + "\"\nsource = \"publisher\"\n";
}

TEST(ANameOfMaximumLength, WorksOnEveryWayItTakes) {
    ASSERT_EQ(kManyParts.size(), 63u);
    for (const std::string& name : {kLongest, kManyParts}) {
        Daemon daemon(stream_named(name));
        Publisher publisher = daemon.publisher(name);
        Tap tap(Tap(name, daemon.tap_options(true)));
        publish(publisher, 1, 5);
        EXPECT_TRUE(tap.next(kGuard));
        EXPECT_EQ(daemon.info(name).name, name);
        EXPECT_EQ(list_streams(daemon.socket_path()).at(0).name, name);
        EXPECT_EQ(list_taps(daemon.socket_path(), name).at(0).stream, name);
        EXPECT_TRUE(daemon.logs(name + ": live"));
        EXPECT_EQ(daemon.stop(SIGKILL), -SIGKILL);
        daemon.start();  // its sequence numbers stand in the file under this name
        Publisher another = daemon.publisher(name);
        EXPECT_GT(publish(another, 1, 5), 1u << 20);
        EXPECT_EQ(daemon.log().find("doesn't hold"), std::string::npos);
    }
}

TEST(ANameOfMaximumLength, AndOneByteMoreIsRefusedByTheConfiguration) {
    const TemporaryDirectory directory;
    std::ofstream(directory.file("camtap.toml")) << stream_named(kTooLong);
    Child check({CAMTAPD, "--check-config", "--config", directory.file("camtap.toml")}, {},
                directory.file("said"));
    EXPECT_NE(check.wait(), 0);
    std::ostringstream said;
    said << std::ifstream(directory.file("said")).rdbuf();
    EXPECT_NE(said.str().find("camtap.toml:2:8: name: a stream name has at most 63 bytes"), std::string::npos)
        << said.str();
}

TEST(ANameOfMaximumLength, AndOneByteMoreIsRefusedByEveryCall) {
    Daemon daemon(stream_named(kLongest));
    const auto expect_bad_name = [](const auto& call) {
        std::string words;
        EXPECT_EQ(refusal_of(call, words), CAMTAP_ERROR_BAD_NAME);
        EXPECT_NE(words.find("at most 63 bytes"), std::string::npos) << words;
    };
    expect_bad_name([&] { return Tap(kTooLong, daemon.tap_options()); });
    expect_bad_name([&] { return daemon.publisher(kTooLong); });
    expect_bad_name([&] { return list_streams(daemon.socket_path(), kTooLong); });
    expect_bad_name([&] { return list_taps(daemon.socket_path(), kTooLong); });
}

// A std::string may hold a 0, which would end the name early and make it another stream's.
TEST(AName, WithAZeroInItIsNoName) {
    Daemon daemon(stream_named("front"));
    const std::string name("front\0door", 10);
    std::string words;
    EXPECT_EQ(refusal_of([&] { return Tap(name, daemon.tap_options()); }, words), CAMTAP_ERROR_BAD_NAME);
    EXPECT_EQ(refusal_of([&] { return daemon.publisher(name); }, words), CAMTAP_ERROR_BAD_NAME);
}

TEST(ASocketPath, OfMaximumLengthWorksForDaemonAndClients) {
    const TemporaryDirectory directory;
    const std::string longest = directory.file(std::string(107 - directory.path().size() - 1, 's'));
    ASSERT_EQ(longest.size(), 107u);
    std::ofstream(directory.file("camtap.toml")) << "[daemon]\nsocket = \"" << longest << "\"\n"
                                                 << published();
    Child daemon({CAMTAPD, "--config", directory.file("camtap.toml")}, {}, directory.file("log"));
    TapOptions options;
    options.socket_path = longest;
    options.attach_timeout = kGuard;
    Tap tap("test", options);
    EXPECT_EQ(list_streams(longest).size(), 1u);
    PublisherOptions publishing;
    publishing.socket_path = longest;
    Publisher publisher("test", publishing);
    EXPECT_EQ(publish(publisher, 1, 1), 1u);
    EXPECT_TRUE(tap.next(kGuard));
    EXPECT_TRUE(std::filesystem::exists(longest + ".sequences"));
    daemon.kill(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_FALSE(std::filesystem::exists(longest)) << "it tidies up behind itself";
}

TEST(ASocketPath, OfOneByteMoreIsRefusedByConfigurationDaemonAndClients) {
    const TemporaryDirectory directory;
    const std::string too_long = directory.file(std::string(108 - directory.path().size() - 1, 's'));
    const auto said_by = [&](const std::vector<std::string>& arguments) {
        Child daemon(arguments, {}, directory.file("said"));
        EXPECT_NE(daemon.wait(), 0);
        std::ostringstream said;
        said << std::ifstream(directory.file("said")).rdbuf();
        return said.str();
    };
    std::ofstream(directory.file("camtap.toml")) << published();
    const std::string by_daemon =
        said_by({CAMTAPD, "--config", directory.file("camtap.toml"), "--socket", too_long});
    EXPECT_NE(by_daemon.find("has 108 bytes, a Unix socket has 1 to 107"), std::string::npos) << by_daemon;
    std::ofstream(directory.file("camtap.toml")) << "[daemon]\nsocket = \"" << too_long << "\"\n";
    const std::string by_config =
        said_by({CAMTAPD, "--check-config", "--config", directory.file("camtap.toml")});
    EXPECT_NE(by_config.find("camtap.toml:2:10: socket: makes a path longer than"), std::string::npos)
        << by_config;
    TapOptions options;
    options.socket_path = too_long;
    std::string words;
    EXPECT_EQ(refusal_of([&] { return Tap("test", options); }, words), CAMTAP_ERROR_INVALID);
    EXPECT_NE(words.find("has 108 bytes, a Unix socket has 1 to 107"), std::string::npos) << words;
    EXPECT_EQ(refusal_of([&] { return list_streams(too_long); }, words), CAMTAP_ERROR_INVALID);
}

}  // namespace
}  // namespace camtap::test
