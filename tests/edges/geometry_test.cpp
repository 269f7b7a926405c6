// Promise: the smallest stream works like any other, the largest is accepted, and one step further in any
// direction is refused in words that name the limit.
#include <fstream>

#include "common/layout.h"
#include "edge_stream.h"

namespace camtap::test {
namespace {

using layout::kPage;

// What camtapd --check-config says of a configuration; empty if there is no error.
std::string fault_in(const std::string& text) {
    const TemporaryDirectory directory;
    std::ofstream(directory.file("camtap.toml")) << text;
    Child check({CAMTAPD, "--check-config", "--config", directory.file("camtap.toml")}, {},
                directory.file("said"));
    const int status = check.wait();
    std::ostringstream said;
    said << std::ifstream(directory.file("said")).rdbuf();
    EXPECT_EQ(status == 0, said.str().find("no error") != std::string::npos) << said.str();
    return status == 0 ? "" : said.str();
}

void expect_fault(const std::string& settings, const std::string& line_and_column, const std::string& words) {
    const std::string fault = fault_in(published(settings));
    EXPECT_NE(fault.find("camtap.toml:" + line_and_column + ":"), std::string::npos)
        << settings << "says: " << fault;
    EXPECT_NE(fault.find(words), std::string::npos) << settings << "says: " << fault;
}

TEST(TheSmallestStream, NeverWaitsForItsOneReader) {
    Daemon daemon(published("depth = 1\nmax_taps = 1\nmax_pins = 2\nmax_frame_bytes = 1\n"));
    Publisher publisher = daemon.publisher("test", 1);
    Tap tap = daemon.tap("test");
    std::vector<Frame> held;
    for (int i = 0; i < 50; ++i) {
        publish(publisher, 1, static_cast<uint8_t>(i));
        if (held.size() == 2) continue;  // as many as it may hold, for ever
        auto frame = tap.next(kGuard);
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->image().bytes, 1u);
        held.push_back(std::move(*frame));
    }
    EXPECT_TRUE(filled_with(held[0], 0));
    EXPECT_TRUE(filled_with(held[1], 1));
    std::string words;
    EXPECT_EQ(refusal_of([&] { return tap.next(0ms); }, words), CAMTAP_ERROR_TOO_MANY_FRAMES);
    EXPECT_NE(words.find("max_pins"), std::string::npos) << words;
    held.pop_back();
    const auto newest = tap.latest(kGuard);
    ASSERT_TRUE(newest);
    EXPECT_TRUE(filled_with(*newest, 49));
    const camtap_stream_info info = daemon.info("test");
    EXPECT_EQ(info.slots, 1u + 1 + 2);
    EXPECT_EQ(info.segment_bytes, kPage + info.slots * kPage);
    EXPECT_EQ(info.published, 50u);
}

TEST(TheSmallestStream, HasOneSeatWhichIsFreeAgainWhenItIsLeft) {
    Daemon daemon(published("max_taps = 1\n"));
    Publisher publisher = daemon.publisher("test");
    for (int round = 0; round < 3; ++round) {
        auto seated = std::make_unique<Tap>("test", daemon.tap_options());
        std::string words;
        TapOptions at_once = daemon.tap_options();
        at_once.attach_timeout = 0ms;
        EXPECT_EQ(refusal_of([&] { return Tap("test", at_once); }, words), CAMTAP_ERROR_LIMIT);
        EXPECT_NE(words.find("'test' has 1 taps already (max_taps"), std::string::npos) << words;
        seated.reset();
        EXPECT_TRUE(eventually([&] { return daemon.info("test").taps == 0; }));
    }
    Tap tap(Tap("test", daemon.tap_options(true)));
    publish(publisher, 1, 7);
    EXPECT_TRUE(tap.next(kGuard));
}

TEST(TheLargestStream, HasAsManySlotsAsThereCanBe) {
    // 4096 slots each time: of depth, of taps, of pins
    for (const char* settings :
         {"depth = 4062\nmax_taps = 1\nmax_pins = 2\n", "depth = 2\nmax_taps = 2031\nmax_pins = 2\n",
          "depth = 32\nmax_taps = 63\nmax_pins = 64\n"}) {
        Daemon daemon(published(settings));
        Publisher publisher = daemon.publisher("test", 32);
        Tap tap(Tap("test", daemon.tap_options(true)));
        const uint64_t pins = tap.status().max_pins;
        std::vector<Frame> held;
        for (uint64_t i = 0; i < 200; ++i) {
            publish(publisher, 1, static_cast<uint8_t>(i));
            if (held.size() == pins) continue;
            auto frame = tap.next(kGuard);
            ASSERT_TRUE(frame);
            held.push_back(std::move(*frame));
        }
        for (uint64_t i = 0; i < pins; ++i)
            EXPECT_TRUE(filled_with(held[i], static_cast<uint8_t>(i))) << settings;
        std::string words;
        EXPECT_EQ(refusal_of([&] { return tap.next(0ms); }, words), CAMTAP_ERROR_TOO_MANY_FRAMES);
        EXPECT_EQ(daemon.info("test").slots, layout::kMaxSlots) << settings;
    }
}

TEST(TheLargestStream, AndOneSlotMoreIsRefusedWithFileLineAndColumn) {
    EXPECT_EQ(fault_in(published("depth = 4062\nmax_taps = 1\nmax_pins = 2\n")), "");
    expect_fault("depth = 4063\nmax_taps = 1\nmax_pins = 2\n", "5:12", "makes 4097 slots; at most 4096");
    expect_fault("depth = 33\nmax_taps = 63\nmax_pins = 64\n", "5:12", "makes 4097 slots; at most 4096");
    expect_fault("depth = 4097\n", "4:9", "4096");
    expect_fault("max_taps = 4097\n", "4:12", "4096");
    expect_fault("max_pins = 65\n", "4:12", "64");
    expect_fault("max_pins = 1\n", "4:12", "2");
    expect_fault("depth = 0\n", "4:9", "1");
    expect_fault("max_taps = 0\n", "4:12", "1");
    expect_fault("max_frame_bytes = 0\n", "4:19", "1");
    expect_fault("max_memory = 4095\n", "4:14", "4");
}

TEST(TheLargestStream, AReloadThatLeavesTooManyPinsIsToldToThePublisherThatGrows) {
    Daemon daemon(published("depth = 4\nmax_taps = 2\nmax_pins = 64\n"));
    Publisher publisher = daemon.publisher("test", 2);
    Tap tap(Tap("test", daemon.tap_options(true)));  // it keeps its 64 pins over the reload
    publish(publisher, 1, 1);
    daemon.write_config(published("depth = 4\nmax_taps = 2000\nmax_pins = 2\n"));
    camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
    ASSERT_EQ(camtap_reload(daemon.socket_path().c_str(), 20'000'000'000, &result), CAMTAP_OK)
        << result.message;
    std::string words;
    Publisher another = daemon.publisher("test", 2);  // the reload has ended the first one's run
    EXPECT_EQ(refusal_of([&] { return publish(another, 1, 2); }, words), CAMTAP_ERROR_LIMIT);
    EXPECT_NE(words.find("slots are more than 4096"), std::string::npos) << words;
}

struct FrameSizes : testing::Test {
    // A frame of `bytes` goes through whole.
    static void expect_whole(Daemon& daemon, Publisher& publisher, uint64_t bytes) {
        Tap tap(Tap("test", daemon.tap_options(true)));
        const uint64_t sequence = publish(publisher, bytes, 0xa5);
        auto frame = tap.next(kGuard);
        while (frame && frame->sequence() < sequence) frame = tap.next(kGuard);
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->image().bytes, bytes);
        EXPECT_TRUE(filled_with(*frame, 0xa5));
    }
    static std::string words_for_too_big(Publisher& publisher, uint64_t bytes) {
        std::string words;
        EXPECT_EQ(refusal_of([&] { return publish(publisher, bytes, 1); }, words), CAMTAP_ERROR_TOO_BIG)
            << bytes;
        return words;
    }
};

TEST_F(FrameSizes, OfOneByteUpToTheLargestAndNotOneMore) {
    for (const uint64_t largest :
         {uint64_t{1}, kPage - 1, kPage, kPage + 1, 3 * kPage, uint64_t{1'000'001}}) {
        const std::string limit = "max_frame_bytes = " + std::to_string(largest) + "\n";
        Daemon daemon(published(limit));
        Publisher publisher = daemon.publisher("test");
        expect_whole(daemon, publisher, 1);
        expect_whole(daemon, publisher, largest);
        const std::string words = words_for_too_big(publisher, largest + 1);
        EXPECT_NE(words.find("max_frame_bytes of 'test' is " + std::to_string(largest)), std::string::npos)
            << words;
        expect_whole(daemon, publisher, largest);  // it goes on
        (void)words_for_too_big(publisher, UINT64_MAX);
    }
}

TEST_F(FrameSizes, OfNoByteAreNone) {
    Daemon daemon(published());
    Publisher publisher = daemon.publisher("test");
    std::string words;
    EXPECT_EQ(refusal_of([&] { return publisher.acquire(0); }, words), CAMTAP_ERROR_INVALID);
    EXPECT_NE(words.find("0 bytes"), std::string::npos) << words;
    expect_whole(daemon, publisher, 1);
}

TEST(Memory, OfExactlyTheLimitIsEnoughAndAPageLessIsNot) {
    // header, index and descriptors take a page together, then 1 + 1 + 2 slots a page each
    const std::string smallest = "depth = 1\nmax_taps = 1\nmax_pins = 2\nmax_memory = ";
    for (const bool daemons : {false, true}) {
        const auto configuration = [&](uint64_t bytes) {
            const std::string total = std::to_string(daemons ? bytes : bytes + 100 * kPage);
            return "[daemon]\nmax_memory = " + total + "\n" +
                   published(smallest + std::to_string(daemons ? bytes + kPage : bytes) + "\n");
        };
        Daemon enough(configuration(5 * kPage));
        Publisher publisher = enough.publisher("test", 1);
        EXPECT_EQ(publish(publisher, 1, 1), 1u);
        Daemon too_little(configuration(4 * kPage));
        Publisher other = too_little.publisher("test", 1);
        std::string words;
        EXPECT_EQ(refusal_of([&] { return publish(other, 1, 1); }, words), CAMTAP_ERROR_LIMIT);
        EXPECT_NE(words.find(daemons ? "what is left of the daemon's max_memory" : "the stream's max_memory"),
                  std::string::npos)
            << words;
    }
}

}  // namespace
}  // namespace camtap::test
