// Promise: whatever taps and other clients do with their sockets, the daemon goes on, grows by nothing and
// forgets them when they are gone; those who do it hear a reason.
#include <optional>

#include "stage.h"

namespace camtap::test {
namespace {

struct Wire : Stage {
    void SetUp() override {
        Stage::SetUp();
        open_test_lane();
    }
    std::string path() const { return daemon.socket_path(); }
};

void expect_says(const std::string& text, const std::string& words) {
    EXPECT_NE(text.find(words), std::string::npos) << text;
}

// The words that end the session, if that is what was said.
std::optional<std::string> last_words(const Datagram& said) {
    wire::Dismissed dismissed{};
    wire::Refused refused{};
    if (said.kind == Datagram::Kind::hang_up) return "hang-up without a word";
    if (said.as(dismissed)) return std::string(dismissed.message.view());
    if (said.as(refused)) return std::string(refused.message.view());
    return std::nullopt;
}

// Sends as fast as it can, and reads what comes. Only for messages that are not each answered: the words find
// no room among answers that nobody has read yet.
template <class Message>
std::string flood(RawClient& client, const Message& message) {
    for (;;) {
        (void)client.send(message);
        pollfd readable{client.fd(), POLLIN, 0};
        while (poll(&readable, 1, 0) == 1) {
            if (const auto words = last_words(client.next())) return *words;
        }
    }
}

// One request after the other, as fast as they are answered.
template <class Message>
std::string ask_and_ask(RawClient& client, const Message& message) {
    for (;;) {
        (void)client.send(message);
        if (const auto words = last_words(client.next())) return *words;
    }
}

// ---- floods

TEST_F(Wire, ATapThatFloodsHearsWhichLimitItBroke) {
    play([this](Forked::Child&) {
        RawTap tap(path());
        expect_says(ask_and_ask(tap, wire::make<wire::Sync>()), "max_requests_per_second");
        return 0;
    });
}

TEST_F(Wire, ATapThatFloodsWithoutListeningHearsAnEnd) {
    play([this](Forked::Child&) {
        RawTap tap(path());
        (void)flood(tap, wire::make<wire::Arm>());
        return 0;
    });
    expect_says(daemon.log(), "max_requests_per_second");
}

TEST_F(Wire, AControlClientThatFloodsHearsWhichLimitItBroke) {
    play([this](Forked::Child&) {
        RawClient client(path());
        client.send(RawClient::hello(wire::Role::control));
        client.expect<wire::Welcome>();
        expect_says(ask_and_ask(client, wire::make<wire::ListStreams>()), "max_requests_per_second");
        return 0;
    });
}

TEST_F(Wire, AFloodOfConnections) {
    withstand({[this](Forked::Child& child) -> int {
        child.say();
        for (;;) {
            auto socket = connect_to(path());
            if (socket) (void)send_message(socket->get(), RawClient::hello(wire::Role::control));
        }
    }});
}

TEST_F(Wire, AFloodOfTapsThatComeAndGo) {
    withstand({[this](Forked::Child& child) -> int {
        child.say();
        for (;;) {
            const auto tap = connect_to(path());
            if (!tap) continue;
            (void)send_message(tap->get(), RawClient::hello(wire::Role::tap, "test"));
            (void)send_message(tap->get(), wire::make<wire::PageMapped>());
            (void)send_message(tap->get(), wire::make<wire::Sync>());
            (void)send_message(tap->get(), wire::make<wire::Sync>());
        }
    }});
}

TEST_F(Wire, AFloodOfDatagramsOfEveryKind) {
    withstand({[this](Forked::Child& child) -> int {
        Random random(1);
        std::vector<char> bytes(wire::kMaxMessage + 4096);
        child.say();
        for (;;) {
            auto socket = connect_to(path());
            if (!socket) continue;
            if (random.below(2) == 0) {
                const auto role = static_cast<wire::Role>(1 + random.below(3));
                (void)send_message(socket->get(), RawClient::hello(role, "test", 1));
            }
            for (Sent sent = Sent::yes; sent == Sent::yes;) {
                const size_t length = random.below(random.below(8) == 0 ? bytes.size() : 400);
                for (size_t i = 0; i < std::min<size_t>(length, 400); ++i)
                    bytes[i] = static_cast<char>(random());
                const wire::Header header{static_cast<wire::Type>(random.below(48)),
                                          static_cast<uint32_t>(length)};
                if (length >= sizeof header) std::memcpy(bytes.data(), &header, sizeof header);
                sent = send_bytes(socket->get(), bytes.data(), length);
            }
        }
    }});
}

// ---- clients that never read

struct NeverReading : Wire {
    // Rounds of it until the daemon has all the memory that it will ever need, then ten times as many.
    void expect_no_growth(const HostileProgram::Body& round) {
        for (int i = 0; i < 5; ++i) play(round);
        const uint64_t before = resident_kib(daemon.pid());
        for (int i = 0; i < 30; ++i) play(round);
        const uint64_t after = resident_kib(daemon.pid());
        RecordProperty("resident_kib_before", static_cast<int>(before));
        RecordProperty("resident_kib_after", static_cast<int>(after));
        std::printf("[  hostile ] camtapd has %llu KiB, then %llu KiB\n",
                    static_cast<unsigned long long>(before), static_cast<unsigned long long>(after));
        // Sanitizers keep what is freed, or a shadow of it
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        EXPECT_LE(after, before + 512);
#endif
    }
    template <class Message>
    static void send_until_heard_no_more(RawClient& client, const Message& message) {
        int unheard = 0;
        while (unheard < 20) {
            const Sent sent = client.send(message);
            if (sent == Sent::hang_up) return;
            unheard = sent == Sent::full ? unheard + 1 : 0;
            if (sent == Sent::full)
                poll(nullptr, 0, 1);  // a session that is heard no more never takes another
        }
    }
};

TEST_F(NeverReading, ATap) {
    expect_no_growth([this](Forked::Child&) {
        RawTap tap(path());
        send_until_heard_no_more(tap, wire::make<wire::Sync>());
        return 0;
    });
    expect_says(daemon.log(), "it doesn't read its replies");
}

TEST_F(NeverReading, AControlClient) {
    expect_no_growth([this](Forked::Child&) {
        RawClient client(path());
        client.send(RawClient::hello(wire::Role::control));
        send_until_heard_no_more(client, wire::make<wire::ListTaps>());
        return 0;
    });
}

// As many as there may be, for ever, each with its buffer full.
TEST_F(NeverReading, EverySeatIsTakenByATapThatArmsAndNeverReads) {
    std::vector<HostileProgram::Body> bodies;
    for (uint32_t i = 0; i < kMaxTaps - 1; ++i) {
        bodies.push_back([this](Forked::Child& child) -> int {
            RawTap tap(path());
            child.say();
            for (;;) {
                (void)tap.send(wire::make<wire::Arm>());
                poll(nullptr, 0, 4);  // within max_requests_per_second
            }
        });
    }
    withstand(bodies);
}

// ---- half-closed sockets

TEST_F(Wire, ATapThatSaysItSpeaksNoMoreIsGoneWithItsPins) {
    play([this](Forked::Child&) {
        RawTap tap(path());
        const auto synced = tap.sync();
        for (uint32_t w = 0; w < tap.max_pins; ++w)
            tap.pins().pins[w] = layout::pin_value(synced.generation, w);
        shutdown(tap.fd(), SHUT_WR);
        tap.expect_hang_up();
        EXPECT_TRUE(eventually([&] { return daemon.taps("test").size() == 1; }));
        return 0;
    });
}

TEST_F(Wire, ATapThatHearsNoMoreHurtsOnlyItself) {
    play([this](Forked::Child&) {
        RawTap tap(path());
        const auto synced = tap.sync();
        tap.pins().pins[0] = layout::pin_value(synced.generation, 0);
        shutdown(tap.fd(), SHUT_RD);
        for (int i = 0; i < 200; ++i) {
            EXPECT_NE(tap.send(wire::make<wire::Sync>()), Sent::hang_up) << i;
            (void)tap.send(wire::make<wire::Arm>());
            poll(nullptr, 0, 5);  // within max_requests_per_second
        }
        EXPECT_EQ(daemon.taps("test").size(), 2u) << "it is as good as one that doesn't listen";
        return 0;
    });
}

TEST_F(Wire, HalfClosedAtEveryStage) {
    play([this](Forked::Child&) {
        for (const int how : {SHUT_RD, SHUT_WR, SHUT_RDWR}) {
            RawClient silent(path());
            shutdown(silent.fd(), how);
            for (const auto role : {wire::Role::tap, wire::Role::publisher, wire::Role::control}) {
                RawClient client(path());
                client.send(RawClient::hello(role, "test", 1));
                shutdown(client.fd(), how);
                client.send(wire::make<wire::PageMapped>());
                client.send(wire::make<wire::Sync>());
            }
        }
        return 0;
    });
}

// A dismissed session is honoured until it hangs up; half of that is none.
TEST_F(Wire, ADismissedTapThatClosesHalfKeepsItsPinsUntilItHangsUp) {
    play([this](Forked::Child&) {
        RawTap tap(path());
        expect_says(ask_and_ask(tap, wire::make<wire::Sync>()), "max_requests_per_second");
        const auto dismissed = [&] {
            const auto taps = daemon.taps("test");
            return std::count_if(taps.begin(), taps.end(), [](const auto& t) { return t.dismissed == 1; });
        };
        for (const int how : {SHUT_RD, SHUT_WR}) {
            EXPECT_EQ(dismissed(), 1);
            shutdown(tap.fd(), how);
        }
        EXPECT_TRUE(eventually([&] { return dismissed() == 0; }));
        return 0;
    });
}

}  // namespace
}  // namespace camtap::test
