// Promise: whatever a client sends, or doesn't, the daemon answers in words or hangs up, and everybody else
// goes on.
#include <fcntl.h>
#include <sys/mman.h>

#include <cstring>

#include "common/pins.h"
#include "daemon_process.h"
#include "raw_client.h"

namespace camtap::test {
namespace {

constexpr int64_t kGuardNs = 20'000'000'000;

constexpr const char* kConfig = R"(
[daemon]
handshake_timeout = "300 ms"
max_connections = 200
max_connections_per_user = 40
max_requests_per_second = 500
[[stream]]
name = "test"
source = "publisher"
depth = 2
max_taps = 4
[[stream]]
name = "beside"
source = "publisher"
)";

// A daemon, and an honest publisher and tap beside whatever else happens.
struct Broker : testing::Test {
    DaemonProcess daemon{kConfig};
    camtap_publisher* publisher = nullptr;
    camtap_tap* tap = nullptr;
    uint8_t shown = 0;

    void SetUp() override {
        const std::string path = daemon.socket_path();
        camtap_publisher_options p = CAMTAP_INIT(camtap_publisher_options);
        p.socket_path = path.c_str();
        p.connection = -1;
        ASSERT_EQ(camtap_publisher_open("beside", &p, &publisher), CAMTAP_OK) << camtap_last_error();
        camtap_tap_options t = CAMTAP_INIT(camtap_tap_options);
        t.socket_path = path.c_str();
        ASSERT_EQ(camtap_tap_open("beside", &t, &tap), CAMTAP_OK) << camtap_last_error();
    }
    void publish(uint8_t value) {
        camtap_slot slot = CAMTAP_INIT(camtap_slot);
        ASSERT_EQ(camtap_publisher_acquire(publisher, 1, kGuardNs, &slot), CAMTAP_OK) << camtap_last_error();
        *static_cast<uint8_t*>(slot.data) = value;
        camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
        info.source_sequence = UINT64_MAX;
        info.image = CAMTAP_INIT(camtap_image);
        info.image.width = info.image.height = 1;
        info.image.channels = 1;
        info.image.stride = 1;
        ASSERT_EQ(camtap_publisher_publish(publisher, &slot, &info, nullptr), CAMTAP_OK)
            << camtap_last_error();
    }
    // The whole way from the honest publisher to the honest tap still works, in order, without a miss.
    void expect_others_unharmed() {
        for (int i = 0; i < 5; ++i) {
            publish(++shown);
            camtap_frame* frame = nullptr;
            ASSERT_EQ(camtap_tap_next(tap, kGuardNs, &frame), CAMTAP_OK) << camtap_last_error();
            EXPECT_EQ(*static_cast<const uint8_t*>(camtap_frame_data(frame)), shown);
            EXPECT_EQ(camtap_frame_get_info(frame)->missed.too_slow, 0u);
            camtap_frame_release(frame);
        }
    }
    void TearDown() override {
        expect_others_unharmed();
        camtap_tap_close(tap);
        camtap_publisher_close(publisher);
        EXPECT_EQ(daemon.stop(), 0);
    }
};

TEST_F(Broker, AnotherMajorVersionIsRefusedInWords) {
    auto hello = RawClient::hello(wire::Role::tap, "test");
    hello.major = 99;
    RawClient client(daemon.socket_path());
    client.send(hello);
    EXPECT_NE(client.expect_refusal(Code::version).find("99"), std::string::npos);
}

TEST_F(Broker, AFutureHelloOfAnotherLengthIsStillRefusedInWords) {
    auto hello = RawClient::hello(wire::Role::tap, "test");
    hello.major = 2;
    hello.header.bytes = 16;
    RawClient client(daemon.socket_path());
    client.send_raw(std::string(reinterpret_cast<char*>(&hello), 16));
    client.expect_refusal(Code::version);
}

TEST_F(Broker, GarbageEndsTheSession) {
    for (const std::string& bytes :
         {std::string("x"), std::string("GET / HTTP/1.1\r\n\r\n"), std::string(8, '\0'),
          std::string(8, '\xff'), std::string(152, '\x01'), std::string(wire::kMaxMessage, 'a'),
          std::string(wire::kMaxMessage + 1000, 'a')}) {
        RawClient client(daemon.socket_path());
        client.send_raw(bytes);
        client.expect_refusal(Code::protocol);
    }
}

TEST_F(Broker, AHelloWithALengthThatIsntItsOwnEndsTheSession) {
    const auto hello = RawClient::hello(wire::Role::tap, "test");
    for (const size_t bytes : {size_t{8}, size_t{15}, size_t{100}, sizeof hello - 1}) {
        RawClient client(daemon.socket_path());
        client.send_raw(std::string(reinterpret_cast<const char*>(&hello), bytes));
        client.expect_refusal(Code::protocol);
    }
}

TEST_F(Broker, AnUnknownRoleEndsTheSession) {
    RawClient client(daemon.socket_path());
    client.send(RawClient::hello(static_cast<wire::Role>(77), "test"));
    client.expect_refusal(Code::protocol);
}

TEST_F(Broker, AClientThatSaysNothingIsRefusedAtTheDeadline) {
    RawClient client(daemon.socket_path());
    EXPECT_NE(client.expect_refusal(Code::timeout).find("handshake_timeout"), std::string::npos);
}

TEST_F(Broker, ATapThatNeverMapsItsPageIsRefusedAtTheDeadline) {
    RawClient client(daemon.socket_path());
    client.send(RawClient::hello(wire::Role::tap, "test"));
    client.expect<wire::Welcome>();
    client.expect_refusal(Code::timeout);
    EXPECT_EQ(daemon.info("test").taps, 0u);
}

TEST_F(Broker, BadNamesAreRefusedWithTheGrammar) {
    auto unterminated = RawClient::hello(wire::Role::tap);
    std::memset(unterminated.stream.chars, 'a', sizeof unterminated.stream.chars);
    RawClient first(daemon.socket_path());
    first.send(unterminated);
    first.expect_refusal(Code::bad_name);
    for (const char* name : {"", "/", "a/", "/a", "a//b", "UPPER", "a b", "\xff\xfe", "../x", "ü"}) {
        RawClient client(daemon.socket_path());
        client.send(RawClient::hello(wire::Role::tap, name));
        client.expect_refusal(Code::bad_name);
    }
}

TEST_F(Broker, AnUnknownStreamIsRefusedWithThoseThatThereAre) {
    RawClient client(daemon.socket_path());
    client.send(RawClient::hello(wire::Role::tap, "tset"));
    const std::string words = client.expect_refusal(Code::unknown_stream);
    EXPECT_NE(words.find("test"), std::string::npos);
    EXPECT_NE(words.find("beside"), std::string::npos);
}

TEST_F(Broker, OneTapTooManyIsRefusedWithTheLimitsName) {
    std::vector<std::unique_ptr<RawTap>> taps;
    for (int i = 0; i < 4; ++i) taps.push_back(std::make_unique<RawTap>(daemon.socket_path()));
    RawClient client(daemon.socket_path());
    client.send(RawClient::hello(wire::Role::tap, "test"));
    EXPECT_NE(client.expect_refusal(Code::limit).find("max_taps"), std::string::npos);
    taps.pop_back();
    EXPECT_TRUE(eventually([&] { return daemon.info("test").taps == 3; }));
    RawTap again(daemon.socket_path());
}

TEST_F(Broker, AThousandConnectionsAreHeldAtTheLimit) {
    std::vector<RawClient> clients;
    int refused = 0;
    for (int i = 0; i < 1000; ++i) {
        RawClient client(daemon.socket_path());
        client.send(RawClient::hello(wire::Role::control));
        Datagram& answer = client.next();
        wire::Refused words{};
        if (answer.kind == Datagram::Kind::message && answer.as(words)) {
            EXPECT_NE(words.message.view().find("max_connections_per_user"), std::string::npos);
            ++refused;
        }
        clients.push_back(std::move(client));
    }
    EXPECT_GE(refused, 960);
    EXPECT_LT(refused, 1000);
}

TEST_F(Broker, AControlClientThatFloodsLosesItsSession) {
    RawClient client(daemon.socket_path());
    client.send(RawClient::hello(wire::Role::control));
    client.expect<wire::Welcome>();
    const auto list = wire::make<wire::ListStreams>();
    for (int i = 0; i < 100'000 && client.send(list) != Sent::hang_up; ++i) {
    }
    EXPECT_TRUE(eventually([&] { return client.next().kind == Datagram::Kind::hang_up; }));
}

TEST_F(Broker, ATapThatFloodsIsDismissedButItsPinsAreHonoured) {
    RawPublisher source(daemon.socket_path());
    RawTap flooder(daemon.socket_path());
    flooder.sync();
    // Frame one is pinned
    const uint32_t pinned = source.granted.slots[source.granted.count - 1];
    pins::publish(source.view.slot(pinned).sequence, source.view.index(source.next_sequence), pinned,
                  source.view.header().head, source.next_sequence);
    flooder.pins().pins[0] = layout::pin_value(source.segment.generation, pinned);
    for (int i = 0; i < 100'000 && daemon.info("test").taps == 1; ++i) {
        auto arm = wire::make<wire::Arm>();
        for (int k = 0; k < 1000; ++k) flooder.send(arm);
        const auto taps = daemon.taps("test");
        if (!taps.empty() && taps[0].dismissed == 1) break;
    }
    const auto taps = daemon.taps("test");
    ASSERT_EQ(taps.size(), 1u) << "its seat is kept";
    EXPECT_EQ(taps[0].dismissed, 1u);
    uint32_t slots[3] = {source.granted.slots[0], source.granted.slots[1], 0};
    for (uint64_t n = source.next_sequence + 1; n < source.next_sequence + 50; ++n) {
        const uint32_t s =
            n == source.next_sequence + 1 && slots[0] != pinned ? slots[0] : source.granted.slots[0];
        pins::publish(source.view.slot(s).sequence, source.view.index(n), s, source.view.header().head, n);
        source.ask();
        source.granted = source.expect<wire::Granted>();
        ASSERT_GE(source.granted.count, 1u);
        for (uint32_t i = 0; i < source.granted.count; ++i) EXPECT_NE(source.granted.slots[i], pinned);
    }
    flooder.hang_up();
    EXPECT_TRUE(eventually([&] { return daemon.info("test").taps == 0; }));
}

TEST_F(Broker, ATapThatNeverReadsItsRepliesIsDismissed) {
    RawTap raw(daemon.socket_path());
    const auto dismissed = [&] {
        auto sync = wire::make<wire::Sync>();
        raw.send(sync);
        const auto taps = daemon.taps("test");
        return taps.size() == 1 && taps[0].dismissed == 1;
    };
    EXPECT_TRUE(eventually(dismissed));
}

TEST_F(Broker, DescriptorsSentUnaskedAreClosed) {
    const auto open_descriptors = [&] {
        size_t count = 0;
        for ([[maybe_unused]] const auto& entry :
             std::filesystem::directory_iterator("/proc/" + std::to_string(daemon.pid()) + "/fd")) {
            ++count;
        }
        return count;
    };
    RawTap raw(daemon.socket_path());
    raw.sync();
    const size_t before = open_descriptors();
    const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (int i = 0; i < 50; ++i) {
        auto sync = wire::make<wire::Sync>();
        raw.send(sync, null.get());
        raw.expect<wire::Synced>();
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Broker, WhatATapWasGivenCantBeWrittenTruncatedOrReopenedForWriting) {
    RawPublisher source(daemon.socket_path());
    RawTap raw(daemon.socket_path());
    ASSERT_NE(raw.sync().generation, 0u);
    for (const int fd : {raw.segment_fd.get(), raw.page_fd.get()}) {
        EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
        EXPECT_EQ(write(fd, "x", 1), -1);
        EXPECT_EQ(ftruncate(fd, 0), -1);
        EXPECT_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
        void* readable = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
        ASSERT_NE(readable, MAP_FAILED);
        EXPECT_EQ(mprotect(readable, 4096, PROT_READ | PROT_WRITE), -1);
        munmap(readable, 4096);
        const std::string again = "/proc/self/fd/" + std::to_string(fd);
        const UniqueFd reopened(open(again.c_str(), O_RDWR | O_CLOEXEC));
        if (reopened) {
            EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reopened.get(), 0), MAP_FAILED);
        }
    }
}

// ---- publishers that lie: they lose their session, and the stream says why
// ------------------------------------------

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
