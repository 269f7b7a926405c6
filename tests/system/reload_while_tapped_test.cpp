// Promise: a reload touches only what changed, and a broken configuration changes nothing.
#include "pattern_stream.h"

namespace camtap::test {
namespace {

camtap_error reload(const Daemon& daemon, camtap_reload_result& result) {
    result = CAMTAP_INIT(camtap_reload_result);
    return camtap_reload(daemon.socket_path().c_str(), 20'000'000'000, &result);
}

std::string pattern(const std::string& name, int width) {
    return "[[stream]]\nname = \"" + name + "\"\nsource = \"pattern\"\nwidth = " + std::to_string(width) +
           "\nheight = 48\nfps = 100\ndepth = 200\n";
}

TEST(Reloading, TouchesOnlyWhatChanged) {
    Daemon daemon(pattern("same", 64) + pattern("changed", 64) + pattern("removed", 64));
    Tap same = daemon.tap("same");
    Tap changed = daemon.tap("changed");
    Tap removed = daemon.tap("removed");
    for (Tap* tap : {&same, &changed, &removed}) ASSERT_TRUE(tap->next(kGuard));
    const pid_t source = daemon.info("same").publisher_pid;
    daemon.write_config(pattern("same", 64) + pattern("changed", 80) + pattern("added", 64));
    camtap_reload_result result;
    ASSERT_EQ(reload(daemon, result), CAMTAP_OK) << result.message;
    EXPECT_EQ(result.added, 1u);
    EXPECT_EQ(result.changed, 1u);
    EXPECT_EQ(result.removed, 1u);
    EXPECT_EQ(daemon.info("same").publisher_pid, source);
    for (int i = 0; i < 50; ++i) {
        const auto frame = same.next(kGuard);
        ASSERT_TRUE(frame);
        EXPECT_EQ(sum(frame->info().missed), 0u);
    }
    EXPECT_TRUE(eventually([&] {
        const auto frame = changed.next(kGuard);
        return frame && frame->image().width == 80;
    }));
    EXPECT_TRUE(eventually([&] { return !removed.next(100ms) && removed.last() == CAMTAP_ERROR_GONE; }));
    Tap added = daemon.tap("added");
    EXPECT_TRUE(added.next(kGuard));
    // and back: the tap of the removed stream comes to life again
    daemon.write_config(pattern("removed", 64));
    ASSERT_EQ(reload(daemon, result), CAMTAP_OK) << result.message;
    EXPECT_TRUE(eventually([&] { return removed.next(100ms).has_value(); }));
}

// The daemon looks for frames no oftener than its clocks make it.
TEST(Reloading, AShorterStallTimeoutCountsFromTheNewestFrame) {
    const std::string endless = pattern("test", 64) + "stale_after = \"1 h\"\nstall_timeout = ";
    Daemon daemon(endless + "\"1 h\"\n");
    Tap tap = daemon.tap("test");
    const auto first = tap.next(kGuard);
    ASSERT_TRUE(first);
    const pid_t source = daemon.info("test").publisher_pid;
    ASSERT_TRUE(eventually([&] {
        const auto frame = tap.next(kGuard);
        return frame && frame->info().publish_ns - first->info().publish_ns > 2'000'000'000;
    }));
    daemon.write_config(endless + "\"1500 ms\"\n");
    camtap_reload_result result;
    ASSERT_EQ(reload(daemon, result), CAMTAP_OK) << result.message;
    EXPECT_EQ(result.changed, 1u);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(tap.next(kGuard));
    EXPECT_EQ(daemon.info("test").publisher_pid, source);
    EXPECT_EQ(sum(tap.status().missed), 0u);
}

void publish_one(const Daemon& daemon) {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.image = CAMTAP_INIT(camtap_image);
    info.image.width = info.image.height = info.image.channels = 1;
    info.image.stride = 1;
    Publisher publisher = daemon.publisher("test");
    publisher.publish(publisher.acquire(1, kGuard), info);
}

// Nobody writes the words of its old segment any more, so the tap has nothing but the daemon's messages.
TEST(Reloading, ATapWithAnEventLoopFollowsAStreamThatWasAway) {
    const std::string published = "[[stream]]\nname = \"test\"\nsource = \"publisher\"\n";
    Daemon daemon(published);
    publish_one(daemon);
    Tap tap = daemon.tap("test");
    pollfd readable{tap.fd(), POLLIN, 0};
    ASSERT_TRUE(tap.next(kGuard));
    camtap_reload_result result;
    for (const std::string& text : {pattern("other", 64), published}) {
        daemon.write_config(text);
        ASSERT_EQ(reload(daemon, result), CAMTAP_OK) << result.message;
    }
    ASSERT_TRUE(eventually([&] {
        tap.try_next();
        return tap.status().attachments == 2 && tap.status().state == CAMTAP_OFFLINE;
    }));
    while (poll(&readable, 1, 100) == 1) tap.try_next();  // until it waits for nothing but a frame
    publish_one(daemon);
    EXPECT_TRUE(eventually([&] { return poll(&readable, 1, 100) == 1 && tap.try_next(); }));
    expect_balance(tap);
}

TEST(Reloading, ABrokenConfigurationChangesNothingAndSaysWhere) {
    Daemon daemon(pattern("same", 64));
    Tap tap = daemon.tap("same");
    ASSERT_TRUE(tap.next(kGuard));
    daemon.write_config(pattern("same", 64) + "dpeth = 3\n");
    camtap_reload_result result;
    EXPECT_EQ(reload(daemon, result), CAMTAP_ERROR_INVALID);
    EXPECT_NE(std::string(result.message).find("camtap.toml:8:1: dpeth"), std::string::npos)
        << result.message;
    EXPECT_NE(std::string(result.message).find("depth"), std::string::npos) << result.message;
    expect_undisturbed(tap, 20);
}

TEST(Reloading, SighupDoesTheSame) {
    Daemon daemon(pattern("same", 64));
    daemon.write_config(pattern("same", 64) + pattern("added", 64));
    ::kill(daemon.pid(), SIGHUP);
    EXPECT_TRUE(eventually([&] { return daemon.info("added").published > 0; }));
}

}  // namespace
}  // namespace camtap::test
