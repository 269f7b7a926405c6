// Promise: whatever a client sends, or doesn't, the daemon answers in words or hangs up, and everybody else
// goes on.
#include <fcntl.h>

#include "broker_fixture.h"

namespace camtap::test {
namespace {

TEST_F(Broker, AnotherMajorVersionIsRefusedInWords) {
    auto hello = RawClient::hello(wire::Role::tap, "test");
    hello.major = 99;
    RawClient client(daemon.socket_path());
    client.send(hello);
    EXPECT_NE(client.expect_refusal(Code::version).find("99"), std::string::npos);
}

TEST_F(Broker, AFutureHelloOfAnotherLengthIsStillRefusedInWords) {
    auto hello = RawClient::hello(wire::Role::tap, "test");
    hello.major = 1;
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

TEST_F(Broker, ATapThatKeepsItsPinPageFromBeingSealedIsRefused) {
    RawClient client(daemon.socket_path());
    client.send(RawClient::hello(wire::Role::tap, "test"));
    client.expect<wire::Welcome>();
    const UniqueFd page = client.take_fd();
    ASSERT_EQ(fcntl(page.get(), F_ADD_SEALS, F_SEAL_SEAL), 0);
    client.send(wire::make<wire::PageMapped>());
    EXPECT_NE(client.expect_refusal(Code::system).find("sealing"), std::string::npos);
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

// What the daemon says of the next change of seats that the publisher doesn't know.
wire::Seat next_seat(RawPublisher& publisher) {
    publisher.ask();
    const auto seat = publisher.expect<wire::Seat>();
    publisher.known_seating = seat.seating;
    return seat;
}

TEST_F(Broker, APublisherIsToldWhoTapsAndGetsTheirPages) {
    RawPublisher source(daemon.socket_path());
    const layout::Word64& seating = source.view.header().seating;
    EXPECT_EQ(next_seat(source).newest, 0u);
    {
        RawTap first(daemon.socket_path());
        RawTap second(daemon.socket_path());
        first.sync();
        second.sync();
        EXPECT_EQ(seating.load(), 2u);
        first.pins().pins[0] = 42;
        const auto seat = next_seat(source);
        EXPECT_EQ(seat.words, first.max_pins);
        EXPECT_EQ(seat.newest, 2u);
        const UniqueFd page = source.take_fd();
        auto mapping = Mapping::map(page.get(), layout::kPage, Mapping::Access::read_only);
        ASSERT_TRUE(mapping.ok());
        EXPECT_EQ(reinterpret_cast<const layout::PinPage*>(mapping->data())->pins[0].load(), 42u);
        EXPECT_FALSE(Mapping::map(page.get(), layout::kPage, Mapping::Access::read_write).ok())
            << "a publisher could spoil a tap's pins";
        EXPECT_EQ(next_seat(source).words, second.max_pins);
        EXPECT_EQ(next_seat(source).seating, 2u) << "there is no other";
    }
    ASSERT_TRUE(eventually([&] { return seating.load() == 4; }));
    RawTap third(daemon.socket_path());
    third.sync();
    uint32_t taken = 0;
    uint32_t left = 0;
    for (int i = 0; i < 2; ++i) ++(next_seat(source).words > 0 ? taken : left);
    EXPECT_EQ(taken, 1u) << "a seat that changed twice is told of once";
    EXPECT_EQ(left, 1u);
    EXPECT_EQ(next_seat(source).newest, 5u);
}

TEST_F(Broker, ATapHasItsSeatBeforeItHearsOfASegment) {
    RawPublisher source(daemon.socket_path());
    for (uint64_t i = 1; i <= 20; ++i) {
        RawTap raw(daemon.socket_path());
        raw.sync();
        EXPECT_EQ(source.view.header().seating.load(), 2 * i - 1);
        raw.hang_up();
        ASSERT_TRUE(eventually([&] { return daemon.info("test").taps == 0; }));
    }
}

TEST_F(Broker, ANewSegmentSaysWhatTheNewestChangeIs) {
    RawTap raw(daemon.socket_path());
    raw.sync();
    RawPublisher source(daemon.socket_path());
    EXPECT_EQ(source.view.header().seating.load(), 1u);
    auto need = wire::make<wire::Need>();
    need.frame_bytes = 10'000;
    source.send(need);
    const auto segment = source.expect<wire::Segment>();
    RawTap another(daemon.socket_path());  // while it isn't mapped yet
    another.sync();
    const UniqueFd memfd = source.take_fd();
    auto mapping = Mapping::map(memfd.get(), layout::kPage, Mapping::Access::read_only);
    ASSERT_TRUE(mapping.ok() && segment.generation != source.segment.generation);
    EXPECT_EQ(reinterpret_cast<const layout::SegmentHeader*>(mapping->data())->seating.load(), 2u);
}

TEST_F(Broker, ATapThatFloodsIsDismissedAndKeepsItsSeat) {
    RawPublisher source(daemon.socket_path());
    RawTap flooder(daemon.socket_path());
    flooder.sync();
    const auto is_dismissed = [&] {
        const auto taps = daemon.taps("test");
        return taps.size() == 1 && taps[0].dismissed == 1;
    };
    for (int i = 0; i < 100'000 && !is_dismissed(); ++i) {
        for (int k = 0; k < 1000; ++k) flooder.send(wire::make<wire::Arm>());
    }
    ASSERT_TRUE(is_dismissed());
    EXPECT_EQ(next_seat(source).words, flooder.max_pins) << "its pins are honoured";
    EXPECT_EQ(next_seat(source).newest, 1u);
    flooder.hang_up();
    EXPECT_TRUE(eventually([&] { return daemon.info("test").taps == 0; }));
    EXPECT_EQ(next_seat(source).words, 0u);
}

TEST_F(Broker, ATapThatDoesntReadHasFewDescriptorsOnTheirWay) {
    RawPublisher source(daemon.socket_path());
    RawTap raw(daemon.socket_path());
    for (int i = 0; i < 100; ++i) raw.send(wire::make<wire::Sync>());
    EXPECT_TRUE(eventually([&] {
        const auto taps = daemon.taps("test");
        return taps.size() == 1 && taps[0].dismissed == 1;
    }));
    int with_descriptor = 0;
    while (raw.next().kind == Datagram::Kind::message) {
        if (raw.last().fd) ++with_descriptor;
    }
    EXPECT_EQ(raw.last().kind, Datagram::Kind::hang_up) << "the words of its dismissal found no room";
    EXPECT_LE(with_descriptor, 32);
}

struct FullSocket : Broker {
    // As many replies to a tap find room in its socket.
    int room() {
        RawTap raw(daemon.socket_path());
        for (int i = 0; i < 100; ++i) raw.send(wire::make<wire::Sync>());
        EXPECT_TRUE(eventually([&] {
            const auto taps = daemon.taps("test");
            return taps.size() == 1 && taps[0].dismissed == 1;
        }));
        int replies = 0;
        while (raw.next().kind == Datagram::Kind::message) ++replies;
        return replies;
    }
    // Each is heard in turn, so afterwards the daemon has answered what the others sent before.
    void let_answer(int messages) {
        RawTap raw(daemon.socket_path());
        for (int i = 0; i < 2 * messages; ++i) raw.sync();
    }
};

TEST_F(FullSocket, ATapIsNudgedAgainWhenThereIsRoom) {
    RawPublisher source(daemon.socket_path());
    const int replies = room();
    RawTap raw(daemon.socket_path());
    for (int i = 0; i < replies; ++i) raw.send(wire::make<wire::Sync>());
    let_answer(replies);
    source.hang_up();
    ASSERT_TRUE(eventually([&] { return daemon.info("test").state == CAMTAP_STREAM_OFFLINE; }));
    for (int i = 0; i < replies; ++i) {
        EXPECT_EQ(raw.expect<wire::Synced>().generation, source.segment.generation);
    }
    raw.expect<wire::Nudge>();
    EXPECT_EQ(raw.sync().state, wire::StreamState::offline);
}

}  // namespace
}  // namespace camtap::test
