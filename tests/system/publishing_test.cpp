// Promise: any program that may can publish, frames of any size, and every frame is accounted for.
#include <algorithm>
#include <cstring>
#include <filesystem>

#include "pattern_stream.h"

namespace camtap::test {
namespace {

constexpr const char* kPublisher = R"(
[[stream]]
name = "test"
source = "publisher"
depth = 3
)";

uint64_t publish_bytes(Publisher& publisher, uint32_t bytes, uint8_t value) {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.source_sequence = UINT64_MAX;
    info.image = CAMTAP_INIT(camtap_image);
    info.image.width = bytes;
    info.image.height = 1;
    info.image.channels = 1;
    info.image.stride = bytes;
    Slot slot = publisher.acquire(bytes);
    std::memset(slot.data(), value, bytes);
    return publisher.publish(std::move(slot), info);
}

bool filled_with(const Frame& frame, uint8_t value) {
    const auto* bytes = static_cast<const uint8_t*>(frame.data());
    return std::all_of(bytes, bytes + frame.image().bytes, [value](uint8_t b) { return b == value; });
}

TEST(Publishing, FramesMayGrowAndShrinkAtAnyTime) {
    Daemon daemon(kPublisher);
    Publisher publisher = daemon.publisher("test");
    Tap tap = daemon.tap("test");
    std::vector<Frame> held;
    const uint32_t sizes[] = {1, 100, 4096, 4097, 50'000, 1, 2'000'000, 300, 5'000'000};
    uint8_t value = 0;
    for (const uint32_t bytes : sizes) {
        publish_bytes(publisher, bytes, ++value);
        auto frame = tap.next(kGuard);
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->image().bytes, bytes);
        EXPECT_TRUE(filled_with(*frame, value));
        if (value == 1) held.push_back(std::move(*frame));
    }
    EXPECT_TRUE(filled_with(held[0], 1)) << "of the first generation, held over all the others";
    EXPECT_GT(daemon.info("test").generation, 2u);
    expect_balance(tap);
}

size_t segments_of(pid_t pid) {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
        std::error_code gone;
        count +=
            std::filesystem::read_symlink(entry, gone).string().find("camtap-segment") != std::string::npos;
    }
    return count;
}

TEST(Publishing, LargeSegmentsThatNobodyNeedsAnyMoreAreGivenBack) {
    Daemon daemon(kPublisher);
    Tap tap = daemon.tap("test");
    for (uint8_t run = 1; run <= 4; ++run) {
        Publisher publisher = daemon.publisher("test");
        for (int i = 0; i < 3; ++i) publish_bytes(publisher, 20'000'000, run);
        const auto frame = tap.latest(kGuard);
        ASSERT_TRUE(frame);
        EXPECT_TRUE(eventually([&] { return segments_of(daemon.pid()) == 1; })) << segments_of(daemon.pid());
    }
}

TEST(Publishing, TheOldGenerationIsDrainedBeforeTheNewOne) {
    Daemon daemon(kPublisher);
    Publisher publisher = daemon.publisher("test");
    publish_bytes(publisher, 10, 1);
    Tap tap(Tap("test", daemon.tap_options(true)));
    ASSERT_TRUE(tap.next(kGuard));
    publish_bytes(publisher, 10, 2);
    publish_bytes(publisher, 10, 3);
    publish_bytes(publisher, 100'000, 4);
    publish_bytes(publisher, 100'000, 5);
    for (uint8_t value = 2; value <= 5; ++value) {
        const auto frame = tap.next(kGuard);
        ASSERT_TRUE(frame);
        EXPECT_TRUE(filled_with(*frame, value)) << int{value};
    }
    EXPECT_EQ(sum(tap.status().missed), 0u);
}

// The tap's account against the truth, which is this test's own.
TEST(Publishing, EveryMissedFrameIsAccountedForByItsCause) {
    Daemon daemon(kPublisher);
    Publisher publisher = daemon.publisher("test");
    Tap tap = daemon.tap("test");
    publish_bytes(publisher, 10, 1);
    ASSERT_TRUE(tap.next(kGuard));
    publisher.count(CAMTAP_COUNT_SOURCE_GAP, 2);
    publisher.count(CAMTAP_COUNT_DECODE_ERROR, 3);
    publisher.count(CAMTAP_COUNT_NO_SLOT, 1);
    uint64_t last = 0;
    for (uint8_t i = 0; i < 20; ++i) last = publish_bytes(publisher, 10, i);
    uint64_t delivered = 1;
    for (auto frame = tap.next(kGuard);; frame = tap.next(kGuard)) {
        ASSERT_TRUE(frame);
        ++delivered;
        if (frame->sequence() == last) break;
    }
    const camtap_tap_status status = tap.status();
    EXPECT_EQ(status.delivered, delivered);
    EXPECT_EQ(status.missed.source_gap, 2u);
    EXPECT_EQ(status.missed.decode_error, 3u);
    EXPECT_EQ(status.missed.no_slot, 1u);
    EXPECT_EQ(status.missed.too_slow, 21 - delivered);
    EXPECT_GT(status.missed.too_slow, 0u);
    EXPECT_EQ(status.expected, 21u + 2 + 3 + 1);
    // a generation later, with nobody looking
    {
        publish_bytes(publisher, 100'000, 1);
        publish_bytes(publisher, 1'000'000, 2);
        for (uint8_t i = 0; i < 10; ++i) last = publish_bytes(publisher, 3'000'000, i);
    }
    while (tap.latest(kGuard)->sequence() != last) {
    }
    EXPECT_EQ(tap.status().expected, 21u + 2 + 3 + 1 + 12);
    EXPECT_EQ(tap.status().expected, tap.status().delivered + sum(tap.status().missed));
    const camtap_stream_info info = daemon.info("test");
    EXPECT_EQ(info.published, 33u);
    EXPECT_EQ(info.captured, 33u + 3 + 1);
}

TEST(Publishing, AStreamWithoutPublisherIsOfflineAndComesBack) {
    Daemon daemon(kPublisher);
    Tap tap = daemon.tap("test");
    EXPECT_FALSE(tap.next(10ms));
    EXPECT_EQ(tap.status().state, CAMTAP_OFFLINE);
    uint64_t last = 0;
    for (int round = 0; round < 3; ++round) {
        {
            Publisher publisher = daemon.publisher("test");
            const uint64_t n = publish_bytes(publisher, 10, 7);
            EXPECT_GT(n, last);
            last = n;
            ASSERT_TRUE(tap.next(kGuard));
        }
        EXPECT_TRUE(eventually([&] { return tap.status().state == CAMTAP_OFFLINE; }));
    }
    expect_balance(tap);
}

TEST(Publishing, AfterAChangeOfTheStreamOneFrameAtMostIsPublishedToNobody) {
    Daemon daemon(kPublisher);
    Publisher publisher = daemon.publisher("test");
    uint64_t last = 0;
    // by then the daemon has heard of the first ones, and wants to hear of no more
    for (int i = 0; i < 10; ++i) {
        last = publish_bytes(publisher, 64, 1);
        EXPECT_EQ(daemon.info("test").published, last);
    }
    daemon.write_config(std::string(kPublisher) + "max_pins = 5\n");
    reload(daemon.socket_path());
    ASSERT_TRUE(eventually([&] { return daemon.info("test").state == CAMTAP_STREAM_OFFLINE; }));
    publish_bytes(publisher, 64, 2);
    EXPECT_GT(publish_bytes(publisher, 64, 3), last + 2)
        << "it numbers on, as if it still had its connection";
}

TEST(Publishing, APublisherGoesOnAfterTheDaemonsRestart) {
    Daemon daemon(kPublisher);
    Publisher publisher = daemon.publisher("test");
    Tap tap = daemon.tap("test");
    const uint64_t before = publish_bytes(publisher, 10, 1);
    ASSERT_TRUE(tap.next(kGuard));
    daemon.stop(SIGKILL);
    daemon.start();
    uint64_t after = 0;
    EXPECT_TRUE(eventually([&] {
        try {
            after = publish_bytes(publisher, 10, 2);
            return true;
        } catch (const Error&) {
            return false;
        }
    }));
    EXPECT_GT(after, before);
    const auto frame = tap.next(kGuard);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->sequence(), after);
}

}  // namespace
}  // namespace camtap::test
