// What a hostile publisher writes into the segment, and what a broken daemon sends, is an error or is
// survived.
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

namespace camtap::test {
namespace {

class HostilePublisherTest : public testing::Test {
  protected:
    HostilePublisherTest() : segment(daemon.begin_generation(1, 100)) {}
    void SetUp() override {
        segment->publish();
        ASSERT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
        ASSERT_EQ(next(tap).sequence(), 100u);
    }
    void expect_balance() {
        const camtap_tap_status status = status_of(tap);
        EXPECT_EQ(status.expected, status.delivered + sum(status.missed));
    }
    FakeDaemon daemon;
    std::shared_ptr<FakeSegment> segment;
    TapHandle tap;
};

TEST_F(HostilePublisherTest, RecordsThatDontFitAreMalformedAndCountedOnce) {
    const std::function<void(layout::FrameRecord&)> lies[] = {
        [](auto& r) { r.width = 0; },
        [](auto& r) { r.height = 0; },
        [](auto& r) { r.channels = 0; },
        [](auto& r) { r.channels = 513; },
        [](auto& r) { r.depth = 8; },
        [](auto& r) { r.stride = 1; },
        [](auto& r) { r.bytes = 3; },
        [](auto& r) { r.bytes = 4097; },
        [](auto& r) { r.bytes = ~uint64_t{0}; },
        [](auto& r) { r.stride = ~uint64_t{0}; },
        [](auto& r) { r.stride = uint64_t{1} << 63; },
        [](auto& r) { r.height = ~uint32_t{0}; },
        [](auto& r) { r.width = ~uint32_t{0}; },
        [](auto& r) { r.width = r.height = 0x7fff'ffff; },
        [](auto& r) { r.depth = CAMTAP_F64; },  // rows of 16 bytes at a stride of 2
        [](auto& r) {
            r.depth = CAMTAP_U16, r.width = 1, r.stride = 3, r.bytes = 100;
        },  // cv::Mat would throw
    };
    uint64_t malformed = 0;
    for (const auto& lie : lies) {
        ++segment->counters.captured;
        layout::FrameRecord record = segment->record();
        lie(record);
        segment->publish(record);
        EXPECT_EQ(next(tap, 0).error, CAMTAP_ERROR_MALFORMED) << "lie " << malformed;
        EXPECT_EQ(daemon.pinned(), 0u);
        const uint64_t n = segment->publish();
        const Got got = next(tap, 0);
        EXPECT_EQ(got.sequence(), n);
        EXPECT_EQ(got.info().missed.decode_error, 1u);
        ++malformed;
    }
    EXPECT_EQ(status_of(tap).missed.decode_error, malformed);
    expect_balance();
}

TEST_F(HostilePublisherTest, AnIndexOutOfRangeIsNoFrame) {
    const uint64_t n = segment->publish();
    for (const uint32_t slot : {FakeSegment::kSlots, FakeSegment::kSlots + 1, ~uint32_t{0}}) {
        segment->view().index(n).store(slot);
        EXPECT_EQ(next(tap, 0).error, CAMTAP_ERROR_TIMEOUT);
        EXPECT_EQ(latest(tap, 0).error, CAMTAP_ERROR_TIMEOUT);
    }
    segment->view().index(n).store(static_cast<uint32_t>(n % FakeSegment::kSlots));
    EXPECT_EQ(next(tap, 0).sequence(), n);
}

TEST_F(HostilePublisherTest, AHeadThatMakesNoSenseIsSurvived) {
    const uint64_t n = segment->publish();
    for (const uint64_t head : {uint64_t{0}, uint64_t{1}, uint64_t{99}, ~uint64_t{0}, uint64_t{1} << 63}) {
        segment->header().head.store(head);
        EXPECT_EQ(next(tap, 0).error, CAMTAP_ERROR_TIMEOUT) << head;
        EXPECT_EQ(latest(tap, 0).error, CAMTAP_ERROR_TIMEOUT) << head;
        TapHandle another;
        EXPECT_EQ(open_tap(daemon.socket_path(), another), CAMTAP_OK);
        EXPECT_EQ(next(another, 0).error, CAMTAP_ERROR_TIMEOUT);
    }
    segment->header().head.store(n);
    EXPECT_EQ(next(tap, 0).sequence(), n);
}

TEST_F(HostilePublisherTest, CountersThatMakeNoSenseBalance) {
    for (const uint64_t value : {~uint64_t{0}, uint64_t{0}, uint64_t{1} << 63, uint64_t{5}}) {
        segment->counters = {value, ~value, value, value / 2};
        (void)segment->publish(segment->record());
        EXPECT_EQ(next(tap, 0).error, CAMTAP_OK);
        expect_balance();
    }
}

TEST_F(HostilePublisherTest, WordsThatCallForNewsDontFloodTheDaemon) {
    const uint64_t before = daemon.count(wire::Type::sync);
    const int64_t begin = monotonic_ns();
    uint64_t calls = 0;
    for (; calls < 20000; ++calls) {
        segment->header().changes.fetch_add(1);
        (void)try_next(tap);
    }
    const auto milliseconds = static_cast<uint64_t>((monotonic_ns() - begin) / kNsPerMs);
    EXPECT_LE(daemon.count(wire::Type::sync) - before, milliseconds / 5 + 2);
}

TEST(BrokenDaemon, IsLeftAndTriedAgain) {
    const auto garbage = std::string(64, '\x55');
    auto synced = wire::make<wire::Synced>();
    synced.state = wire::StreamState::live;
    auto huge = wire::make<wire::Nudge>();
    huge.header.bytes = 1 << 20;
    auto unknown = wire::make<wire::Nudge>();
    unknown.header.type = static_cast<wire::Type>(999);
    const std::pair<const void*, size_t> messages[] = {
        {garbage.data(), garbage.size()}, {garbage.data(), 3},  {&synced, sizeof synced},  // nobody asked
        {&synced, sizeof synced - 1},     {&huge, sizeof huge}, {&unknown, sizeof unknown}};
    FakeDaemon daemon;
    const auto segment = daemon.begin_generation(1, 100);
    TapHandle tap;
    ASSERT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
    uint64_t attachments = 1;
    for (const auto& [data, bytes] : messages) {
        ASSERT_NE(try_next(tap).error, CAMTAP_ERROR_PROTOCOL);
        while (status_of(tap).state != CAMTAP_LIVE) ASSERT_NE(status_of(tap).size, 0u);
        daemon.send_all(data, bytes);
        ++attachments;
        while (status_of(tap).attachments < attachments) ASSERT_NE(status_of(tap).size, 0u);
        const uint64_t n = segment->publish();
        EXPECT_EQ(next(tap).sequence(), n);
    }
}

TEST(BrokenDaemon, AnnouncementsThatMakeNoSenseAreNotMapped) {
    const std::function<void(wire::Synced&)> lies[] = {
        [](auto& s) { s.geometry.slot_count = 0; },
        [](auto& s) { s.geometry.slot_count = ~uint32_t{0}; },
        [](auto& s) { s.geometry.index_length = 3; },
        [](auto& s) { s.geometry.slot_bytes = uint64_t{1} << 39; },  // beyond the memory that came with it
        [](auto& s) { s.geometry.slot_bytes = ~uint64_t{0} & ~uint64_t{4095}; },
        [](auto& s) { s.geometry.slot_bytes = 1; },
        [](auto& s) { s.first = 0; },
        [](auto& s) { s.state = static_cast<wire::StreamState>(0); },
        [](auto& s) { s.state = static_cast<wire::StreamState>(99); },
        [](auto& s) { s.generation = 0; },  // with a descriptor
        [](auto& s) { std::memset(s.reason.chars, 'x', sizeof s.reason.chars); },
    };
    FakeDaemon daemon;
    daemon.begin_generation(1, 100)->publish();
    TapHandle tap;
    for (const auto& lie : lies) {
        daemon.spoil_synced(lie);
        const camtap_error error = open_tap(daemon.socket_path(), tap, false, 0);
        EXPECT_TRUE(error == CAMTAP_ERROR_PROTOCOL || error == CAMTAP_ERROR_MALFORMED) << error;
    }
    daemon.spoil_synced({});
    EXPECT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
    EXPECT_EQ(next(tap).sequence(), 100u);
}

TEST(BrokenDaemon, PinWordsOutOfRangeAreRefused) {
    for (const uint32_t words : {uint32_t{0}, layout::kMaxPinWords + 1, ~uint32_t{0}}) {
        FakeDaemon daemon;
        daemon.max_pins = words;
        TapHandle tap;
        EXPECT_EQ(open_tap(daemon.socket_path(), tap, false, 0), CAMTAP_ERROR_PROTOCOL);
    }
}

}  // namespace
}  // namespace camtap::test
