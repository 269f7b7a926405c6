// Promise: a publisher that lies loses its session, and the stream says why; nobody else notices.
#include "broker_fixture.h"

namespace camtap::test {
namespace {

struct HostilePublisher : Broker {
    RawPublisher source{daemon.socket_path()};
    void expect_ended(const std::string& words) {
        EXPECT_TRUE(eventually([&] { return daemon.info("test").publisher_pid == 0; }));
        EXPECT_NE(std::string(daemon.info("test").reason).find(words), std::string::npos)
            << daemon.info("test").reason;
    }
};

TEST_F(HostilePublisher, AHeadBeyondWhatWasGranted) {
    for (const uint64_t head : {source.next_sequence + 5, uint64_t{1} << 63, ~uint64_t{0}}) {
        source.view.header().head = head;
        source.ask();
        expect_ended("head");
        source = RawPublisher(daemon.socket_path());
    }
}

TEST_F(HostilePublisher, ASlotThatItDoesntOwn) {
    source.view.index(source.next_sequence) = 6;
    source.view.slot(6).sequence = source.next_sequence;
    source.view.header().head = source.next_sequence;
    source.ask();
    expect_ended("slot");
}

TEST_F(HostilePublisher, MappedBeforeItWasGivenAnything) {
    RawClient other(daemon.socket_path());
    source.hang_up();
    EXPECT_TRUE(eventually([&] { return daemon.info("test").publisher_pid == 0; }));
    other.send(RawClient::hello(wire::Role::publisher, "test", 2));
    other.expect<wire::Welcome>();
    auto mapped = wire::make<wire::Mapped>();
    mapped.generation = 12345;
    other.send(mapped);
    EXPECT_TRUE(eventually([&] { return other.next().kind == Datagram::Kind::hang_up; }));
}

TEST_F(HostilePublisher, NeverMapsItsSegment) {
    source.hang_up();
    EXPECT_TRUE(eventually([&] { return daemon.info("test").publisher_pid == 0; }));
    RawClient other(daemon.socket_path());
    other.send(RawClient::hello(wire::Role::publisher, "test", 2));
    other.expect<wire::Welcome>();
    auto need = wire::make<wire::Need>();
    need.frame_bytes = 100;
    other.send(need);
    other.expect<wire::Segment>();
    expect_ended("handshake_timeout");
}

TEST_F(HostilePublisher, ANeedForMoreThanIsAllowedIsRefusedAndTheSessionGoesOn) {
    for (const uint64_t bytes : {uint64_t{0}, uint64_t{1} << 40, ~uint64_t{0}}) {
        auto need = wire::make<wire::Need>();
        need.frame_bytes = bytes;
        source.send(need);
        const auto refused = source.expect<wire::Refused>();
        EXPECT_EQ(refused.code, static_cast<int>(Code::too_big));
        EXPECT_NE(refused.message.view().find("max_frame_bytes"), std::string::npos);
    }
    auto need = wire::make<wire::Need>();
    need.frame_bytes = 200 << 20;
    source.send(need);
    const auto refused = source.expect<wire::Refused>();
    EXPECT_EQ(refused.code, static_cast<int>(Code::limit));
    EXPECT_NE(refused.message.view().find("max_memory"), std::string::npos);
    source.ask();
    source.expect<wire::Granted>();
}

TEST_F(HostilePublisher, ASecondPublisherIsTurnedAway) {
    RawClient second(daemon.socket_path());
    second.send(RawClient::hello(wire::Role::publisher, "test", 2));
    second.expect_refusal(Code::busy);
}

TEST_F(HostilePublisher, AStockOutOfRangeIsRefused) {
    for (const uint32_t stock : {0u, 33u, ~0u}) {
        RawClient second(daemon.socket_path());
        source.hang_up();
        EXPECT_TRUE(eventually([&] { return daemon.info("test").publisher_pid == 0; }));
        second.send(RawClient::hello(wire::Role::publisher, "test", stock));
        second.expect_refusal(Code::invalid);
    }
}

TEST_F(HostilePublisher, AsksForSegmentAfterSegment) {
    auto need = wire::make<wire::Need>();
    need.frame_bytes = 100;
    const auto flooded = [&] {
        for (int i = 0; i < 600; ++i) {
            if (source.send(need) == Sent::hang_up) return true;
            if (source.next().kind == Datagram::Kind::hang_up) return true;
        }
        return false;
    };
    EXPECT_TRUE(eventually(flooded));
    EXPECT_NE(std::string(daemon.info("test").reason).find("max_requests_per_second"), std::string::npos);
}

// Random words all over the segment, while a tap reads: the tap may get errors, nobody gets hurt.
TEST_F(HostilePublisher, RandomWordsAllOverTheSegment) {
    const std::string path = daemon.socket_path();
    camtap_tap_options options = CAMTAP_INIT(camtap_tap_options);
    options.socket_path = path.c_str();
    camtap_tap* victim = nullptr;
    ASSERT_EQ(camtap_tap_open("test", &options, &victim), CAMTAP_OK) << camtap_last_error();
    uint64_t random = 88172645463325252u;
    const uint64_t first_part = source.view.geometry.payload_offset() / 8;
    for (int i = 0; i < 20'000; ++i) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        reinterpret_cast<layout::Word64*>(source.memory.data())[random % first_part] =
            (random & 1) != 0 ? random : random >> (random % 64);
        if (i % 50 == 0) {
            camtap_frame* frame = nullptr;
            if (camtap_tap_try_next(victim, &frame) == CAMTAP_OK) camtap_frame_release(frame);
            if (camtap_tap_latest(victim, 0, -1, &frame) == CAMTAP_OK) camtap_frame_release(frame);
        }
    }
    camtap_tap_close(victim);
    source.ask();
    EXPECT_TRUE(eventually([&] { return daemon.info("test").publisher_pid == 0; }));
}

}  // namespace
}  // namespace camtap::test
