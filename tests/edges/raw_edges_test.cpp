// Promise: the daemon knows its limits by itself, whatever a client that doesn't ask itself first sends it.
#include <sys/stat.h>

#include <cstring>

#include "common/layout.h"
#include "tests/system/daemon_process.h"
#include "tests/system/raw_client.h"

namespace camtap::test {
namespace {

using layout::kPage;

std::string published(const std::string& name, const std::string& settings = "") {
    return "[[stream]]\nname = \"" + name + "\"\nsource = \"publisher\"\n" + settings;
}

// A publisher that has asked for a segment.
struct Needing : RawClient {
    Needing(const DaemonProcess& daemon, uint64_t bytes, uint32_t stock = 2)
        : RawClient(daemon.socket_path()) {
        send(hello(wire::Role::publisher, "test", stock));
        expect<wire::Welcome>();
        auto need = wire::make<wire::Need>();
        need.frame_bytes = bytes;
        send(need);
    }
};

TEST(ASegment, ForFramesOfExactlyTheLargestSizeIsGivenAndForOneByteMoreIsNot) {
    DaemonProcess daemon(published("test", "max_frame_bytes = 5000\n"));
    for (const uint64_t bytes :
         {uint64_t{0}, uint64_t{5001}, uint64_t{1} << 63, UINT64_MAX - 4094, UINT64_MAX}) {
        Needing publisher(daemon, bytes);
        const auto refused = publisher.expect<wire::Refused>();
        EXPECT_EQ(refused.code, static_cast<int32_t>(Code::too_big)) << bytes;
        EXPECT_NE(refused.message.view().find("max_frame_bytes of 'test' is 5000"), std::string_view::npos);
        publisher.hang_up();
        ASSERT_TRUE(eventually([&] { return daemon.info("test").publisher_pid == 0; }));
    }
    Needing publisher(daemon, 5000);
    EXPECT_EQ(publisher.expect<wire::Segment>().geometry.slot_bytes, 2 * kPage);
}

TEST(ASegment, ForFramesOfATerabyteCostsOnlyWhatIsWritten) {
    const std::string most = std::to_string(uint64_t{1} << 46);
    const std::string terabyte = std::to_string(uint64_t{1} << 40);
    DaemonProcess daemon("[daemon]\nmax_memory = " + most + "\n" +
                         published("test", "depth = 1\nmax_taps = 1\nmax_pins = 2\nmax_frame_bytes = " +
                                               terabyte + "\nmax_memory = " + most + "\n"));
    Needing publisher(daemon, uint64_t{1} << 40, 1);
    const auto segment = publisher.expect<wire::Segment>();
    EXPECT_EQ(segment.depth, 1u);
    const UniqueFd memory = publisher.take_fd();
    struct stat st {};
    ASSERT_EQ(fstat(memory.get(), &st), 0);
    EXPECT_EQ(static_cast<uint64_t>(st.st_size), wire::geometry(segment.geometry).segment_bytes());
    EXPECT_GE(static_cast<uint64_t>(st.st_size), uint64_t{4} << 40);
    EXPECT_LT(static_cast<uint64_t>(st.st_blocks) * 512, 100 * kPage);
}

TEST(AName, ThatFillsItsFieldWithoutANulIsRefused) {
    const std::string longest(63, 'n');
    DaemonProcess daemon(published(longest));
    for (const wire::Role role : {wire::Role::tap, wire::Role::publisher}) {
        RawClient raw(daemon.socket_path());
        auto hello = RawClient::hello(role, "", 2);
        std::memset(hello.stream.chars, 'n', sizeof hello.stream.chars);
        raw.send(hello);
        EXPECT_NE(raw.expect_refusal(Code::bad_name).find("at most 63 bytes"), std::string::npos);
    }
    RawClient raw(daemon.socket_path());
    raw.send(RawClient::hello(wire::Role::control));
    raw.expect<wire::Welcome>();
    auto list = wire::make<wire::ListStreams>();
    std::memset(list.stream.chars, 'n', sizeof list.stream.chars);
    raw.send(list);
    (void)raw.expect_refusal(Code::protocol);
}

TEST(AName, OfAProgramIsCutToItsField) {
    DaemonProcess daemon(published("test"));
    RawClient raw(daemon.socket_path());
    auto hello = RawClient::hello(wire::Role::tap, "test");
    std::memset(hello.program.chars, 'p', sizeof hello.program.chars);
    raw.send(hello);
    raw.expect<wire::Welcome>();
    EXPECT_EQ(daemon.taps("test").at(0).program, std::string(63, 'p'));
}

TEST(Requests, AreAnsweredUpToTheLimitAndTheFirstBeyondItEndsTheSession) {
    DaemonProcess daemon("[daemon]\nmax_requests_per_second = 10\n" + published("test"));
    RawClient asks(daemon.socket_path());
    asks.send(RawClient::hello(wire::Role::control));  // the first
    asks.expect<wire::Welcome>();
    for (int i = 0; i < 100; ++i) asks.send(wire::make<wire::ListTaps>());
    int answered = 1;
    while (asks.next().kind == Datagram::Kind::message && asks.datagram_type() == wire::Type::taps)
        ++answered;
    EXPECT_GE(answered, 10);
    EXPECT_LT(answered, 100);
    wire::Refused refused{};
    ASSERT_TRUE(asks.last().as(refused)) << "hung up without a word";
    EXPECT_NE(refused.message.view().find("more than 10 requests in a second (max_requests_per_second)"),
              std::string_view::npos);
}

}  // namespace
}  // namespace camtap::test
