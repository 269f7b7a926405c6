// The configuration: what it accepts, and that each mistake is answered by file, line, column, key and
// reason.
#include "daemon/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/config_files.h"

namespace camtap {
namespace {

using ConfigTest = ConfigFiles;

using Words = std::vector<std::string>;

TEST_F(ConfigTest, NothingSetMeansTheDefaults) {
    const Config config = loaded("");
    EXPECT_EQ(config.daemon, DaemonConfig{});
    EXPECT_TRUE(config.streams.empty());
}

TEST_F(ConfigTest, EveryDaemonKeyArrives) {
    const DaemonConfig daemon = loaded(R"(
        [daemon]
        socket = "run/camtap.sock"
        log_level = "debug"
        max_connections = 7
        max_connections_per_user = 3
        max_requests_per_second = 100
        max_memory = "1.5 GiB"
        handshake_timeout = "700 ms"
        restart_delay = 0.5
        restart_delay_max = "1 min"
    )")
                                    .daemon;
    EXPECT_EQ(daemon.socket, directory_ / "run/camtap.sock");
    EXPECT_EQ(daemon.log_level, "debug");
    EXPECT_EQ(daemon.max_connections, 7u);
    EXPECT_EQ(daemon.max_connections_per_user, 3u);
    EXPECT_EQ(daemon.max_requests_per_second, 100u);
    EXPECT_EQ(daemon.max_memory, uint64_t{1536} << 20);
    EXPECT_EQ(daemon.handshake_timeout, Seconds(0.7));
    EXPECT_EQ(daemon.restart_delay, Seconds(0.5));
    EXPECT_EQ(daemon.restart_delay_max, Seconds(60));
}

TEST_F(ConfigTest, EveryStreamKeyArrives) {
    const Config config = loaded(R"(
        [[stream]]
        name = "front/left"
        source = "publisher"
        depth = 8
        max_taps = 3
        max_pins = 5
        max_frame_bytes = 1048576
        max_memory = "64 MiB"
        stall_timeout = "1500 ms"
        open_timeout = 60
        stale_after = 0.2
        start = "always"
        linger = 0
        allow_users = ["*"]
        publish_users = ["root", "0"]
        publish_groups = ["root"]
    )");
    ASSERT_EQ(config.streams.size(), 1u);
    StreamConfig expected;
    expected.name = "front/left";
    expected.source = "publisher";
    expected.depth = 8;
    expected.max_taps = 3;
    expected.max_pins = 5;
    expected.max_frame_bytes = 1 << 20;
    expected.max_memory = 64 << 20;
    expected.stall_timeout = Seconds(1.5);
    expected.open_timeout = Seconds(60);
    expected.stale_after = Seconds(0.2);
    expected.linger = Seconds(0);
    expected.tap_access = {.everybody = true, .users = {}, .groups = {}, .words = "everybody"};
    expected.publish_access = {
        .everybody = false, .users = {0}, .groups = {0}, .words = "users root, 0; groups root"};
    EXPECT_EQ(config.streams[0], expected);
}

TEST_F(ConfigTest, SourceKeysBecomeArgumentsInOneOrder) {
    const Config config = loaded(R"(
        [[stream]]
        name = "pictures"
        source = "images"
        confine = false
        watch = true
        max_file_bytes = "1 MiB"
        max_pixels = 1000
        loop = false
        fps = 2.5
        path = "../pictures/*.jpg"

        [[stream]]
        max_frame_bytes = 4096
        name = "gate"
        source = "video"
        realtime = false
        loop = true
        fps = 29.97
        backend = "ffmpeg"
        url = "rtsp://user:secret@host/x"
        start = "on-demand"

        [[stream]]
        name = "usb"
        source = "video"
        device = 2
        max_source_memory = "1 GiB"

        [[stream]]
        name = "test"
        source = "pattern"
        width = 640
        height = 480
        fps = 0
        format = "gray16"
        frames = 12
    )");
    ASSERT_EQ(config.streams.size(), 4u);
    const std::string pictures = directory_.parent_path() / "pictures/*.jpg";
    EXPECT_EQ(config.streams[0].source_arguments,
              (Words{"--stream", "pictures", "--max-frame-bytes", "268435456", "images", "--path", pictures,
                     "--fps", "2.5", "--watch", "--max-pixels", "1000", "--max-file-bytes", "1048576"}));
    EXPECT_EQ(config.streams[1].source_arguments,
              (Words{"--stream", "gate", "--max-frame-bytes", "4096", "--confined", "--max-memory",
                     "4294967296", "video", "--url", "rtsp://user:secret@host/x", "--backend", "ffmpeg",
                     "--fps", "29.97", "--loop", "--realtime", "off"}));
    EXPECT_TRUE(config.streams[1].on_demand);
    EXPECT_EQ(config.streams[2].source_arguments,
              (Words{"--stream", "usb", "--max-frame-bytes", "268435456", "--confined", "--max-memory",
                     "1073741824", "video", "--device", "2"}));
    EXPECT_EQ(config.streams[3].source_arguments,
              (Words{"--stream", "test", "--max-frame-bytes", "268435456", "--confined", "--max-memory",
                     "4294967296", "pattern", "--width", "640", "--height", "480", "--fps", "0", "--format",
                     "gray16", "--frames", "12"}));
}

TEST_F(ConfigTest, WithoutNamesOnlyRootAndTheDaemonMay) {
    const Config config = loaded("[[stream]]\nname = 'a'\nsource = 'pattern'");
    ASSERT_EQ(config.streams.size(), 1u);
    EXPECT_EQ(config.streams[0].tap_access.words, "nobody but root and the daemon's user");
    EXPECT_FALSE(config.streams[0].tap_access.everybody);
}

TEST_F(ConfigTest, UsersAndGroupsMayBeNumbersThatNoNameHas) {
    const Config config = loaded(
        "[[stream]]\nname = 'a'\nsource = 'pattern'\nallow_users = ['3000000001', 'root']\nallow_groups = "
        "['3000000002']");
    ASSERT_EQ(config.streams.size(), 1u);
    EXPECT_EQ(config.streams[0].tap_access.users, (std::vector<uid_t>{0, 3000000001}));
    EXPECT_EQ(config.streams[0].tap_access.groups, (std::vector<gid_t>{3000000002}));
    EXPECT_EQ(config.streams[0].tap_access.words, "users 3000000001, root; groups 3000000002");
}

TEST_F(ConfigTest, ManyDropInsAreSorted) {
    write("camtap.toml", "");
    std::vector<std::string> names;
    for (char c = 'z'; c >= 'a'; --c) {
        names.emplace_back(1, c);
        write("camtap.d/" + names.back() + ".toml",
              "[[stream]]\nname = '" + names.back() + "'\nsource = 'pattern'");
    }
    std::sort(names.begin(), names.end());
    const auto config = load_config(main_file_);
    ASSERT_TRUE(config) << config.error().message;
    std::vector<std::string> found;
    for (const StreamConfig& stream : config->streams) found.push_back(stream.name);
    EXPECT_EQ(found, names);
}

TEST_F(ConfigTest, DropInsFollowInAlphabeticalOrderWithTheirOwnDirectory) {
    write("camtap.toml", "[[stream]]\nname = 'main'\nsource = 'pattern'");
    write("camtap.d/20-b.toml", "[[stream]]\nname = 'b'\nsource = 'images'\npath = 'x'");
    write("camtap.d/10-a.toml", "[[stream]]\nname = 'a'\nsource = 'pattern'");
    write("camtap.d/.hidden.toml", "nonsense");
    write("camtap.d/20-b.toml~", "nonsense");
    const auto config = load_config(main_file_);
    ASSERT_TRUE(config) << config.error().message;
    ASSERT_EQ(config->streams.size(), 3u);
    EXPECT_EQ(config->streams[0].name, "main");
    EXPECT_EQ(config->streams[1].name, "a");
    EXPECT_EQ(config->streams[2].name, "b");
    EXPECT_EQ(config->streams[2].source_arguments.back(), directory_ / "camtap.d/x");
}

TEST_F(ConfigTest, TwoStreamsOfOneNameNameBothPlaces) {
    const std::string stream = "[[stream]]\nname = 'a'\nsource = 'pattern'\n";
    EXPECT_EQ(error_of(stream + stream),
              "5:8: name: there is already a stream \"a\", at " + main_file_.string() + ":1:1");

    write("camtap.toml", "\n" + stream);
    const std::string other = write("camtap.d/x.toml", stream);
    EXPECT_EQ(error_of_files(),
              other + ":2:8: name: there is already a stream \"a\", at " + main_file_.string() + ":2:1");
}

TEST_F(ConfigTest, TheDaemonIsConfiguredInTheMainFileOnly) {
    write("camtap.toml", "");
    const std::string other = write("camtap.d/x.toml", "\n[daemon]\nlog_level = 'info'");
    EXPECT_EQ(error_of_files(),
              other + ":2:1: daemon: belongs in the main file; a drop-in only holds streams");
}

TEST_F(ConfigTest, FilesThatAreNone) {
    EXPECT_EQ(error_of_files(), "1:1: file: can't be opened: No such file or directory");
    ASSERT_EQ(mkfifo(main_file_.c_str(), 0600), 0);
    EXPECT_EQ(error_of_files(), "1:1: file: is not a regular file");
    fs::remove(main_file_);
    fs::create_directory(main_file_);
    EXPECT_EQ(error_of_files(), "1:1: file: is a directory, not a file");
    fs::remove(main_file_);
    fs::create_symlink(main_file_, main_file_);
    EXPECT_EQ(error_of_files(), "1:1: file: can't be opened: Too many levels of symbolic links");
    EXPECT_FALSE(load_config(""));
}

TEST_F(ConfigTest, FilesAreReadUpToOneMebibyte) {
    std::string text = "#" + std::string((1 << 20) - 2, 'x') + "\n";
    EXPECT_EQ(error_of(text), "no error");
    text += "\n";
    EXPECT_EQ(error_of(text), "1:1: file: is larger than 1 MiB");
}

TEST_F(ConfigTest, DropInsThatCannotBeReadAreErrors) {
    write("camtap.toml", "");
    fs::create_directories(directory_ / "camtap.d/x.toml");
    EXPECT_EQ(error_of_files(),
              (directory_ / "camtap.d/x.toml:1:1: file: is a directory, not a file").string());
    fs::remove_all(directory_ / "camtap.d");
    write("camtap.d", "a file");
    EXPECT_EQ(error_of_files(),
              (directory_ / "camtap.d:1:1: file: can't be listed: Not a directory").string());
}

// The parser frees nested tables by recursion: what it is given must not be able to exhaust the stack.
TEST_F(ConfigTest, NothingNestsDeepEnoughToExhaustTheStack) {
    std::string chain = "a";
    for (int i = 0; i < 64; ++i) chain += ".a";
    std::string text;
    for (int i = 0; i < 7; ++i) text += chain + " = [\n{";
    EXPECT_NE(error_of(text).find(": syntax: "), std::string::npos);
    EXPECT_NE(error_of("[" + std::string(1'000'000, 'a') + "]").find(": ?: unknown key"), std::string::npos);
    std::string dots;
    while (dots.size() < 1'000'000) dots += "a.";
    EXPECT_EQ(error_of(dots + "a = 1"), "1:1: syntax: more than 64 dots in one line");
}

}  // namespace
}  // namespace camtap
