// The camtap command against a real daemon: what it prints, and every exit status.
#include <algorithm>
#include <camtap/opencv.hpp>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>

#include "daemon_fixture.h"
#include "json_check.h"
#include "run_tool.h"

namespace camtap::test {
namespace {

namespace fs = std::filesystem;

const std::string kConfiguration =
    "[[stream]]\nname = \"pattern\"\nsource = \"pattern\"\nwidth = 64\nheight = 48\nfps = 50\n"
    "[[stream]]\nname = \"feed\"\nsource = \"publisher\"\n";

class Tools : public testing::Test {
  protected:
    std::vector<std::string> command(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {CAMTAP, "--socket", daemon_.socket_path()});
        return arguments;
    }
    Ran camtap(const std::vector<std::string>& arguments) const { return run(command(arguments)); }
    std::string file(const std::string& name) const { return files_.file(name); }

    Daemon daemon_{kConfiguration};
    TemporaryDirectory files_;
};

TEST_F(Tools, LsShowsEachStream) {
    static_cast<void>(daemon_.tap("pattern").next(kGuard));
    const Ran ls = camtap({"ls"});
    EXPECT_EQ(ls.status, 0) << ls.err;
    ASSERT_EQ(lines(ls.out).size(), 3U) << ls.out;
    EXPECT_EQ(lines(ls.out)[1].find("pattern"), 0U);
    EXPECT_NE(lines(ls.out)[1].find("64x48"), std::string::npos) << ls.out;
    EXPECT_NE(lines(ls.out)[1].find("live"), std::string::npos) << ls.out;
    EXPECT_EQ(lines(ls.out)[2].find("feed"), 0U);
}

TEST_F(Tools, LsAndInfoSpeakJson) {
    Tap tap = daemon_.tap("pattern");
    ASSERT_TRUE(tap.next(kGuard));
    const Ran ls = camtap({"ls", "--json"});
    EXPECT_TRUE(JsonCheck::is_json(ls.out)) << ls.out;
    EXPECT_EQ(number_of(ls.out, "width"), 64);
    const Ran info = camtap({"info", "pattern", "--json"});
    EXPECT_TRUE(JsonCheck::is_json(info.out)) << info.out;
    EXPECT_EQ(number_of(info.out, "pid"), getpid()) << info.out;
    EXPECT_EQ(number_of(info.out, "max_taps"), 16);
}

TEST_F(Tools, InfoTellsOfTheTaps) {
    Tap tap = daemon_.tap("pattern");
    ASSERT_TRUE(tap.next(kGuard));
    const Ran info = camtap({"info", "pattern"});
    EXPECT_EQ(info.status, 0) << info.err;
    EXPECT_NE(info.out.find("64x48"), std::string::npos) << info.out;
    EXPECT_NE(info.out.find(std::to_string(getpid())), std::string::npos) << info.out;
}

TEST_F(Tools, WatchPrintsOneObjectAFrameAndASummary) {
    const Ran watch = camtap({"watch", "pattern", "-n", "5", "--json"});
    EXPECT_EQ(watch.status, 0) << watch.err;
    const std::vector<std::string> all = lines(watch.out);
    ASSERT_EQ(all.size(), 6U) << watch.out;
    for (const std::string& line : all) EXPECT_TRUE(JsonCheck::is_json(line)) << line;
    for (size_t i = 0; i < 5; ++i) EXPECT_TRUE(number_of(all[i], "sequence")) << all[i];
    EXPECT_NE(all[0].find("\"capture_origin\":\"publisher\""), std::string::npos) << all[0];
    EXPECT_EQ(all[5].find("{\"summary\":"), 0U);
    EXPECT_EQ(number_of(all[5], "delivered"), 5);
}

TEST_F(Tools, WatchEndsOnAnInterruptWithItsSummary) {
    Running watch(command({"watch", "pattern"}));
    ASSERT_TRUE(eventually([&] { return lines(watch.out()).size() >= 2; }));
    watch.kill(SIGINT);
    EXPECT_EQ(watch.wait(), 0) << watch.err();
    EXPECT_NE(lines(watch.out()).back().find("jitter"), std::string::npos) << watch.out();
}

TEST_F(Tools, WatchIntoHeadEndsQuietly) {
    const Ran piped = run(
        {"/bin/sh", "-c", "\"$0\" --socket \"$1\" watch pattern | head -n 2", CAMTAP, daemon_.socket_path()});
    EXPECT_EQ(piped.status, 0);
    EXPECT_EQ(lines(piped.out).size(), 2U);
    EXPECT_EQ(piped.err, "");
}

TEST_F(Tools, TopOnceMeasuresRates) {
    Tap tap = daemon_.tap("pattern");
    ASSERT_TRUE(tap.next(kGuard));
    const Ran top = camtap({"top", "--once", "--interval", "0.5"});
    EXPECT_EQ(top.status, 0) << top.err;
    const std::vector<std::string> all = lines(top.out);
    ASSERT_GE(all.size(), 6U) << top.out;  // summary, two headings, two streams, one tap, a reason
    EXPECT_NE(all[3].find("iB/s"), std::string::npos) << top.out;
    EXPECT_NE(all[4].find(std::to_string(getpid())), std::string::npos) << top.out;
}

TEST_F(Tools, TopOutlivesTheDaemon) {
    Running top(command({"top", "--interval", "0.1"}));
    const auto shows = [&](const char* what) { return top.out().find(what) != std::string::npos; };
    ASSERT_TRUE(eventually([&] { return shows("pattern"); }));
    daemon_.stop(SIGKILL);
    ASSERT_TRUE(eventually([&] { return shows("no daemon"); }));
    const size_t before = top.out().size();
    daemon_.start();
    ASSERT_TRUE(eventually([&] { return top.out().find("pattern", before) != std::string::npos; }));
    top.kill(SIGTERM);
    EXPECT_EQ(top.wait(), 0) << top.err();
}

TEST_F(Tools, TopGivesTheTerminalBack) {
    const Ran top =
        run({"/usr/bin/script", "-q", "-e", "-c",
             std::string(CAMTAP) + " --socket " + daemon_.socket_path() + " top --interval 0.1 -n 2",
             "/dev/null"});
    EXPECT_EQ(top.status, 0) << top.err;
    const size_t enter = top.out.find("\x1b[?1049h");
    const size_t leave = top.out.find("\x1b[?25h\x1b[?1049l");
    ASSERT_NE(enter, std::string::npos) << top.out;
    ASSERT_NE(leave, std::string::npos) << top.out;
    EXPECT_NE(top.out.substr(enter, leave - enter).find("pattern"), std::string::npos);
}

TEST_F(Tools, SaveWritesWholePicturesUnderTheirNumbers) {
    const Ran save = camtap({"save", "pattern", file("new/dir"), "-n", "3"});
    EXPECT_EQ(save.status, 0) << save.err;
    size_t pictures = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(file("new/dir"))) {
        EXPECT_EQ(entry.path().extension(), ".png") << entry.path();  // nothing temporary is left
        EXPECT_EQ(cv::imread(entry.path().string()).size(), cv::Size(64, 48));
        EXPECT_GT(std::stoull(entry.path().stem().string()), 0U);
        ++pictures;
    }
    EXPECT_EQ(pictures, 3U);
}

TEST_F(Tools, SaveEverySecondsSkipsWhatLiesBetween) {
    const Ran save = camtap({"save", "pattern", file("d"), "-n", "2", "--every", "0.3", "--format", "jpg"});
    EXPECT_EQ(save.status, 0) << save.err;
    std::vector<uint64_t> numbers;
    for (const fs::directory_entry& entry : fs::directory_iterator(file("d"))) {
        EXPECT_EQ(entry.path().extension(), ".jpg");
        numbers.push_back(std::stoull(entry.path().stem().string()));
    }
    ASSERT_EQ(numbers.size(), 2U);
    EXPECT_GE(std::max(numbers[0], numbers[1]) - std::min(numbers[0], numbers[1]), 10U);  // 50 frames/s
}

TEST_F(Tools, SaveSaysWhyAMatrixIsNoPicture) {
    Publisher publisher = daemon_.publisher("feed");
    publisher.publish(cv::Mat(4, 4, CV_32FC2, cv::Scalar(1, 2)));
    const Ran save = camtap({"save", "feed", file("d"), "-n", "1"});
    EXPECT_EQ(save.status, 1);
    EXPECT_NE(save.err.find("f32x2"), std::string::npos) << save.err;
    EXPECT_TRUE(fs::is_empty(file("d")));
}

TEST_F(Tools, PublishFeedsPicturesInNaturalOrder) {
    for (int i = 1; i <= 11; ++i) {
        cv::imwrite(file("p" + std::to_string(i) + ".png"), cv::Mat(2, 2, CV_8UC1, cv::Scalar(i)));
    }
    Tap tap = daemon_.tap("feed");
    Running publish(command({"publish", "feed", files_.path(), "--fps", "50"}));
    for (int i = 1; i <= 11; ++i) {
        const auto frame = tap.next(kGuard);
        ASSERT_TRUE(frame) << publish.err();
        EXPECT_EQ(static_cast<const unsigned char*>(frame->data())[0], i);
    }
    EXPECT_EQ(publish.wait(), 0) << publish.err();
    EXPECT_NE(publish.out().find("11 frames published"), std::string::npos) << publish.out();
    EXPECT_FALSE(tap.next(kGuard));
    EXPECT_EQ(tap.last(), CAMTAP_ERROR_ENDED);
}

TEST_F(Tools, PublishGoesOnAfterARestartOfTheDaemon) {
    cv::imwrite(file("p.png"), cv::Mat(2, 2, CV_8UC1, cv::Scalar(7)));
    Tap tap = daemon_.tap("feed");
    Running publish(command({"publish", "feed", file("p.png"), "--fps", "50", "--loop"}));
    ASSERT_TRUE(tap.next(kGuard));
    daemon_.stop(SIGKILL);
    daemon_.start();
    Tap again = daemon_.tap("feed");
    EXPECT_TRUE(again.next(kGuard)) << publish.err();
    publish.kill(SIGINT);
    EXPECT_EQ(publish.wait(), 0) << publish.err();
}

TEST_F(Tools, PublishSaysWhatIsNoPicture) {
    std::ofstream(file("x.txt")) << "no picture";
    const Ran publish = camtap({"publish", "feed", file("x.txt")});
    EXPECT_EQ(publish.status, 1);
    EXPECT_NE(publish.err.find("x.txt"), std::string::npos) << publish.err;
    fs::create_directory(file("empty"));
    EXPECT_NE(camtap({"publish", "feed", file("empty")}).err.find("no picture"), std::string::npos);
    EXPECT_NE(camtap({"publish", "feed", file("nowhere")}).err.find("No such file"), std::string::npos);
}

TEST_F(Tools, ViewWithoutADisplaySaysSo) {
    const Ran view = run({"/usr/bin/env", "-u", "DISPLAY", "-u", "WAYLAND_DISPLAY", "-u", "QT_QPA_PLATFORM",
                          CAMTAP, "--socket", daemon_.socket_path(), "view", "pattern"});
    EXPECT_EQ(view.status, 1);
    EXPECT_NE(view.err.find("DISPLAY"), std::string::npos) << view.err;
}

TEST_F(Tools, ViewShowsFramesUntilItsTimeIsUp) {
    Publisher publisher = daemon_.publisher("feed");
    publisher.publish(cv::Mat(48, 64, CV_8UC3, cv::Scalar(1, 2, 3)));
    const std::vector<std::string> view = command({"view", "feed", "--timeout", "0.2"});
    const Ran ran = run(view, {"QT_QPA_PLATFORM=offscreen"});
    EXPECT_EQ(ran.status, 6) << ran.err;  // the one frame was shown, and no other came
}

TEST_F(Tools, ReloadWaitsForTheVerdict) {
    daemon_.write_config(kConfiguration + "[[stream]]\nname = \"more\"\nsource = \"publisher\"\n");
    const Ran reload = camtap({"reload"});
    EXPECT_EQ(reload.status, 0) << reload.err;
    EXPECT_NE(camtap({"ls"}).out.find("more"), std::string::npos);
}

TEST_F(Tools, ReloadOfABadConfigurationNamesFileAndLine) {
    daemon_.write_config(kConfiguration + "[[stream]]\nname = \"more\"\nsuorce = \"publisher\"\n");
    const Ran reload = camtap({"reload"});
    EXPECT_EQ(reload.status, 7);
    EXPECT_NE(reload.err.find(daemon_.config_path() + ":10"), std::string::npos) << reload.err;
    EXPECT_EQ(camtap({"info", "pattern"}).status, 0);
}

TEST_F(Tools, AnUnknownStreamIsToldWhichThereAre) {
    for (const char* name : {"info", "watch"}) {
        const Ran ran = camtap({name, "patern"});
        EXPECT_EQ(ran.status, 4) << ran.err;
        EXPECT_NE(ran.err.find("There are: pattern, feed"), std::string::npos) << ran.err;
    }
    EXPECT_EQ(camtap({"save", "patern", file("d")}).status, 4);
    EXPECT_EQ(camtap({"publish", "patern", CAMTAP_TEST_DATA "/pedestrians/0001.jpg"}).status, 4);
}

TEST_F(Tools, NoFrameInTimeIsStatusSix) {
    const Ran watch = camtap({"watch", "feed", "--timeout", "0.1"});
    EXPECT_EQ(watch.status, 6) << watch.err;
    EXPECT_NE(watch.err.find("feed"), std::string::npos) << watch.err;
    EXPECT_EQ(camtap({"save", "feed", file("d"), "--timeout", "0.1"}).status, 6);
}

TEST_F(Tools, WrongUsageIsStatusTwo) {
    EXPECT_EQ(camtap({}).status, 2);
    EXPECT_EQ(camtap({"wtach", "pattern"}).status, 2);
    EXPECT_EQ(camtap({"watch"}).status, 2);
    EXPECT_EQ(camtap({"watch", "pattern", "-n", "x"}).status, 2);
    EXPECT_EQ(camtap({"save", "pattern", "--format", "bmp", file("d")}).status, 2);
    EXPECT_EQ(camtap({"watch", "Not A Name"}).status, 2);
}

TEST_F(Tools, HelpTellsTheExitStatuses) {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"--help"}, {"save", "--help"}}) {
        const Ran help = camtap(arguments);
        EXPECT_EQ(help.status, 0) << help.err;
    }
    EXPECT_NE(camtap({"--help"}).out.find("Exit status"), std::string::npos);
    EXPECT_NE(camtap({"save", "--help"}).out.find("--every"), std::string::npos);
    EXPECT_EQ(camtap({"--version"}).out, std::string("camtap ") + camtap_version() + "\n");
}

TEST_F(Tools, WithoutPermissionTheStatusIsFive) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can try it as somebody else";
    fs::permissions(daemon_.directory().path(), fs::perms::owner_all | fs::perms::others_exec);
    fs::permissions(daemon_.socket_path(), fs::perms::all);
    const std::vector<std::string> as_nobody = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534",
                                                "--clear-groups"};
    std::vector<std::string> probe = as_nobody;
    probe.insert(probe.end(), {CAMTAP, "--version"});
    if (run(probe).status != 0) GTEST_SKIP() << "others can't execute the camtap that was built";
    std::vector<std::string> watch = as_nobody;
    for (const std::string& argument : command({"watch", "pattern", "-n", "1"})) watch.push_back(argument);
    const Ran ran = run(watch);
    EXPECT_EQ(ran.status, 5) << ran.err;
    EXPECT_NE(ran.err.find("pattern"), std::string::npos) << ran.err;
}

TEST(ToolsWithoutADaemon, SayHowToStartOne) {
    TemporaryDirectory nowhere;
    const std::string socket = nowhere.file("none.sock");
    const std::vector<std::vector<std::string>> commands = {
        {"ls"},
        {"info", "x"},
        {"watch", "x"},
        {"reload"},
        {"top", "--once"},
        {"save", "x", nowhere.file("d")},
        {"publish", "x", CAMTAP_TEST_DATA "/pedestrians/0001.jpg"}};
    for (std::vector<std::string> arguments : commands) {
        arguments.insert(arguments.begin(), CAMTAP);
        const Ran ran = run(arguments, {"CAMTAP_SOCKET=" + socket});
        EXPECT_EQ(ran.status, 3) << arguments[1] << ran.err;
        EXPECT_NE(ran.err.find(socket), std::string::npos) << ran.err;
        EXPECT_NE(ran.err.find("systemctl start camtapd"), std::string::npos) << ran.err;
    }
}

TEST_F(Tools, AFullDiskIsNotSuccess) {
    const Ran ran =
        run({"/bin/sh", "-c", "\"$0\" --socket \"$1\" ls >/dev/full", CAMTAP, daemon_.socket_path()});
    EXPECT_EQ(ran.status, 1);
    EXPECT_NE(ran.err.find("No space left"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace camtap::test
