// Promise: frames are numbered one by one across every border that numbers of 32 and 64 bits have, and at the
// very end of all numbers the publisher is told so; no number ever comes again.
#include <fstream>

#include "edge_stream.h"

namespace camtap::test {
namespace {

constexpr uint64_t kLast = UINT64_MAX - 4096;  // layout::kLastSequence, as the interface's users would see it

// A daemon whose stream's first number is `first`.
struct DaemonFrom : Daemon {
    explicit DaemonFrom(uint64_t first, const std::string& settings = "depth = 8\n") {
        write_config(published(settings));
        write_used(first - 1);
        start();
    }
    std::string numbers_path() const { return socket_path() + ".sequences"; }
    void write_used(uint64_t last) const {
        std::ofstream(numbers_path()) << "camtap-sequences 1\ntest " << last << "\n";
    }
};

void expect_next(Tap& tap, uint64_t sequence, uint8_t value) {
    const auto frame = tap.next(kGuard);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->sequence(), sequence);
    EXPECT_TRUE(filled_with(*frame, value));
    EXPECT_EQ(sum(frame->info().missed), 0u);
}

struct Border : testing::TestWithParam<uint64_t> {
    const uint64_t border = GetParam();
};
INSTANTIATE_TEST_SUITE_P(SequenceNumbers, Border,
                         testing::Values(uint64_t{1} << 31, uint64_t{1} << 32, uint64_t{1} << 63, kLast - 50),
                         [](const auto& border) { return "At" + std::to_string(border.param); });

TEST_P(Border, EveryFrameIsNumberedAndDeliveredInOrder) {
    DaemonFrom daemon(border - 20);
    Publisher publisher = daemon.publisher("test");
    Tap tap(Tap("test", daemon.tap_options(true)));
    for (uint64_t n = border - 20; n < border + 20; ++n) {
        ASSERT_EQ(publish(publisher, 10, static_cast<uint8_t>(n)), n);
        expect_next(tap, n, static_cast<uint8_t>(n));
    }
    EXPECT_EQ(daemon.info("test").head, border + 19);
    EXPECT_EQ(daemon.taps("test").at(0).last_sequence, border + 19);
    const camtap_tap_status status = tap.status();
    EXPECT_EQ(status.expected, 40u);
    EXPECT_EQ(status.delivered, 40u);
}

TEST_P(Border, LatestAndTheLedgerCountAcrossIt) {
    DaemonFrom daemon(border - 3);
    Publisher publisher = daemon.publisher("test");
    Tap tap(Tap("test", daemon.tap_options(true)));
    publish(publisher, 10, 1);
    expect_next(tap, border - 3, 1);
    for (uint8_t i = 0; i < 5; ++i) publish(publisher, 10, i);  // within the depth: all are there
    const auto frame = tap.latest(kGuard);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->sequence(), border + 2);
    EXPECT_EQ(frame->info().missed.skipped, 4u);
}

TEST_P(Border, AReaderThatIsTooSlowIsToldHowManyItMissed) {
    DaemonFrom daemon(border - 3);
    Publisher publisher = daemon.publisher("test");
    Tap tap(Tap("test", daemon.tap_options(true)));
    publish(publisher, 10, 1);
    expect_next(tap, border - 3, 1);
    for (uint8_t i = 0; i < 40; ++i) publish(publisher, 10, i);  // far beyond depth and stock
    const auto frame = tap.next(kGuard);
    ASSERT_TRUE(frame);
    EXPECT_GT(frame->sequence(), border);
    EXPECT_EQ(frame->info().missed.too_slow, frame->sequence() - (border - 3) - 1);
}

TEST_P(Border, AProgramWithAnEventLoopIsToldOfEachFrame) {
    DaemonFrom daemon(border - 3);
    Publisher publisher = daemon.publisher("test");
    Tap tap(Tap("test", daemon.tap_options(true)));
    pollfd readable{tap.fd(), POLLIN, 0};
    for (uint64_t n = border - 3; n < border + 3; ++n) {
        while (tap.try_next()) {
        }
        publish(publisher, 10, static_cast<uint8_t>(n));
        std::optional<Frame> frame;
        while (!(frame = tap.try_next()))
            ASSERT_EQ(poll(&readable, 1, 20'000), 1) << "nobody told of frame " << n;
        EXPECT_EQ(frame->sequence(), n);
    }
}

TEST_P(Border, ANewGenerationGoesOnBehindIt) {
    DaemonFrom daemon(border - 2);
    Publisher publisher = daemon.publisher("test");
    Tap tap(Tap("test", daemon.tap_options(true)));
    for (uint64_t i = 0; i < 8; ++i) {
        const uint64_t n = border - 2 + i;
        ASSERT_EQ(publish(publisher, 4096 << i, static_cast<uint8_t>(i)), n);  // each needs larger slots
        expect_next(tap, n, static_cast<uint8_t>(i));
    }
}

TEST_P(Border, ARestartOfTheDaemonDoesntRepeatANumber) {
    DaemonFrom daemon(border - 2);
    Publisher publisher = daemon.publisher("test");
    for (uint8_t i = 0; i < 3; ++i) publish(publisher, 10, i);
    EXPECT_EQ(daemon.stop(SIGKILL), -SIGKILL);
    daemon.start();
    Publisher another = daemon.publisher("test");
    std::string words;
    uint64_t number = 0;
    const camtap_error error = refusal_of([&] { return number = publish(another, 10, 1); }, words);
    if (border <= uint64_t{1} << 63) {
        EXPECT_GT(number, border);
    } else {  // less than a block of numbers was left, and all of it may have been used
        EXPECT_EQ(error, CAMTAP_ERROR_LIMIT) << words;
    }
}

TEST(TheLastNumber, IsPublishedAndThenThePublisherIsToldWhy) {
    DaemonFrom daemon(kLast - 20);
    Publisher publisher = daemon.publisher("test");
    Tap tap(Tap("test", daemon.tap_options(true)));
    std::string words;
    uint64_t last = 0;
    uint8_t value = 0;
    const auto publish_one = [&] { return last = publish(publisher, 10, ++value); };
    for (int i = 0; i < 100 && words.empty(); ++i) {
        if (refusal_of(publish_one, words) == CAMTAP_OK) expect_next(tap, last, value);
    }
    EXPECT_NE(words.find("sequence numbers of 'test' are used up"), std::string::npos) << words;
    EXPECT_NE(words.find(daemon.numbers_path()), std::string::npos) << "it says what to do: " << words;
    EXPECT_LE(last, kLast);
    EXPECT_GE(last, kLast - 4) << "numbers were left over";
    EXPECT_EQ(daemon.info("test").head, last);
    EXPECT_TRUE(daemon.logs("are used up"));
    // A larger segment is refused as well, a new publisher too, and the frames that are there stay
    EXPECT_EQ(refusal_of([&] { return publish(publisher, 100'000, 1); }, words), CAMTAP_ERROR_LIMIT);
    Tap late(Tap("test", daemon.tap_options(true)));
    EXPECT_TRUE(late.next(kGuard));
}

TEST(TheLastNumber, InTheFileIsNeverTakenForNone) {
    for (const uint64_t used : {kLast, kLast + 1, UINT64_MAX - 1, UINT64_MAX}) {
        DaemonFrom daemon(used + 1);
        std::string words;
        const auto publish_one = [&] {
            Publisher publisher = daemon.publisher("test");
            return publish(publisher, 10, 1);
        };
        EXPECT_EQ(refusal_of(publish_one, words), CAMTAP_ERROR_LIMIT) << used;
        EXPECT_NE(words.find("are used up"), std::string::npos) << words;
        Tap tap = daemon.tap("test");
        EXPECT_FALSE(tap.next(0ms)) << "a frame without a number";
        // What the words advise helps
        EXPECT_EQ(daemon.stop(), 0);
        std::filesystem::remove(daemon.numbers_path());
        daemon.start();
        EXPECT_EQ(publish_one(), 1u);
    }
}

TEST(TheLastNumber, ANumberTooLargeForTheFileIsNoNumber) {
    DaemonFrom daemon(1);
    EXPECT_EQ(daemon.stop(), 0);
    std::ofstream(daemon.numbers_path()) << "camtap-sequences 1\ntest 18446744073709551616\n";
    daemon.start();
    Publisher publisher = daemon.publisher("test");
    EXPECT_GT(publish(publisher, 10, 1), uint64_t{1} << 50);
    EXPECT_TRUE(daemon.logs("doesn't hold camtap's sequence numbers"));
}

TEST(TheLastNumber, OfASpawnedSourceMakesTheStreamOfflineWithTheReason) {
    DaemonFrom daemon(kLast + 1);
    EXPECT_EQ(daemon.stop(), 0);
    daemon.write_config("[[stream]]\nname = \"test\"\nsource = \"pattern\"\nfps = 100\n");
    daemon.start();
    EXPECT_TRUE(eventually([&] {
        const camtap_stream_info info = daemon.info("test");
        return info.state == CAMTAP_STREAM_OFFLINE &&
               std::string(info.reason).find("are used up") != std::string::npos;
    })) << daemon.info("test").reason;
}

// What a source says of its own numbers and misses may be anything up to 2^64 − 1.
TEST(WhatTheSourceSays, ItsOwnNumberIsHandedOnAsItIs) {
    Daemon daemon(published());
    Publisher publisher = daemon.publisher("test");
    Tap tap(Tap("test", daemon.tap_options(true)));
    for (const uint64_t number :
         {uint64_t{0}, (uint64_t{1} << 32) - 1, uint64_t{1} << 63, UINT64_MAX - 1, UINT64_MAX}) {
        camtap_publish_info info = row_of(10);
        info.source_sequence = number;
        publisher.publish(publisher.acquire(10, kGuard), info);
        const auto frame = tap.next(kGuard);
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->info().source_sequence, number);
    }
}

TEST(WhatTheSourceSays, CountersThatRunOverStillBalance) {
    for (const camtap_count what :
         {CAMTAP_COUNT_SOURCE_GAP, CAMTAP_COUNT_DECODE_ERROR, CAMTAP_COUNT_NO_SLOT}) {
        Daemon daemon(published());
        Publisher publisher = daemon.publisher("test");
        Tap tap(Tap("test", daemon.tap_options(true)));
        uint64_t delivered = 0;
        for (const uint64_t n :
             {uint64_t{1} << 31, uint64_t{1} << 32, uint64_t{1} << 63, UINT64_MAX, uint64_t{5}}) {
            publish(publisher, 10, 1);
            ASSERT_TRUE(tap.next(kGuard));
            publisher.count(what, n);
            publish(publisher, uint64_t{4096} << (delivered % 4), 2);  // over generations, too
            ASSERT_TRUE(tap.next(kGuard));
            delivered += 2;
            const camtap_tap_status status = tap.status();
            EXPECT_EQ(status.delivered, delivered);
            EXPECT_EQ(status.expected, status.delivered + sum(status.missed)) << "modulo 2^64";
            EXPECT_EQ(status.missed.too_slow + status.missed.skipped + status.missed.restart, 0u)
                << "what the source lost is not the reader's fault";
        }
        EXPECT_EQ(daemon.info("test").state, static_cast<uint32_t>(CAMTAP_STREAM_LIVE));
        EXPECT_EQ(daemon.info("test").published, delivered);
    }
}

}  // namespace
}  // namespace camtap::test
