#include "storm.h"

#include <poll.h>
#include <sys/socket.h>

#include <vector>

#include "common/layout.h"
#include "script.h"
#include "tests/system/raw_client.h"

namespace camtap::chaos {
namespace {

using test::RawClient;

class Storm {
  public:
    Storm(std::string socket_path, uint64_t seed) : socket_path_(std::move(socket_path)), random_(seed) {}

    void rage() {
        const uint32_t connections = 10 + random_.below(60);
        for (uint32_t i = 0; i < connections; ++i) {
            Result<UniqueFd> socket = connect_to(socket_path_);
            if (!socket) continue;  // the daemon is away: no reason to stop
            talk(socket->get());
            if (random_.one_in(2)) kept_.push_back(std::move(*socket));
            if (kept_.size() > kAtOnce) kept_.erase(kept_.begin() + random_.below(kept_.size()));
        }
    }

  private:
    static constexpr size_t kAtOnce = 20;

    void talk(int socket) {
        switch (random_.below(9)) {
            case 0:
                return;  // not a word
            case 1:
                return half_a_hello(socket);
            case 2:
                return rubbish(socket);
            case 3:
                return (void)send_message(socket, RawClient::hello(wire::Role::tap, stream()));
            case 4:
                return (void)begin_tap(socket);
            case 5:
                return begin_publisher(socket);
            case 6:
                return (void)shutdown(socket, SHUT_WR);
            case 7:
                return flood(socket);
            default:
                return tap_and_sync(socket);
        }
    }

    std::string stream() {
        static constexpr const char* kStreams[] = {"pattern", "demand", "published", "nowhere"};
        return kStreams[random_.below(4)];
    }

    void half_a_hello(int socket) {
        const wire::Hello hello = RawClient::hello(wire::Role::tap, stream());
        (void)send_bytes(socket, &hello, 1 + random_.below(sizeof hello - 1));
    }

    void rubbish(int socket) {
        uint64_t words[32];
        for (uint64_t& word : words) word = random_.next();
        (void)send_bytes(socket, words, 1 + random_.below(sizeof words));
    }

    // Its answer is waited for, but not for long: the daemon may be stopped.
    bool answered(int socket, wire::Type type) {
        pollfd readable{socket, POLLIN, 0};
        if (poll(&readable, 1, 500) != 1) return false;
        receive(socket, datagram_);
        return datagram_.kind == Datagram::Kind::message && datagram_.type() == type;
    }

    // Up to a welcome; half of them map nothing, and say nothing more.
    bool begin_tap(int socket) {
        (void)send_message(socket, RawClient::hello(wire::Role::tap, stream()));
        if (!answered(socket, wire::Type::welcome) || random_.one_in(2)) return false;
        return send_message(socket, wire::make<wire::PageMapped>()) == Sent::yes;
    }

    void begin_publisher(int socket) {
        (void)send_message(socket, RawClient::hello(wire::Role::publisher, "published", 1));
        if (!answered(socket, wire::Type::welcome)) return;
        auto need = wire::make<wire::Need>();
        need.frame_bytes = 1 + random_.below(100'000);
        (void)send_message(socket, need);
        if (!answered(socket, wire::Type::segment) || random_.one_in(2)) return;
        wire::Segment segment{};
        if (!datagram_.as(segment)) return;
        auto mapped = wire::make<wire::Mapped>();
        mapped.generation = random_.one_in(2) ? segment.generation : random_.below(1000);
        (void)send_message(socket, mapped);
        ask(socket, mapped.generation);
    }

    // Who taps, in an order of its own.
    void ask(int socket, uint32_t generation) {
        auto question = wire::make<wire::Ask>();
        question.generation = generation;
        for (uint32_t i = random_.below(8); i > 0; --i) {
            question.seating = random_.below(100);
            (void)send_message(socket, question);
            if (!answered(socket, wire::Type::seat)) return;
        }
    }

    void tap_and_sync(int socket) {
        if (begin_tap(socket)) (void)send_message(socket, wire::make<wire::Sync>());
    }

    // More than the daemon takes of one client in a second.
    void flood(int socket) {
        if (!begin_tap(socket)) return;
        auto arm = wire::make<wire::Arm>();
        for (int i = 0; i < 3000 && send_message(socket, arm) != Sent::hang_up; ++i)
            arm.sequence = random_.next();
    }

    const std::string socket_path_;
    Random random_;
    Datagram datagram_;
    std::vector<UniqueFd> kept_;
};

}  // namespace

void rage(const std::string& socket_path, uint64_t seed) {
    Storm(socket_path, seed).rage();
}

}  // namespace camtap::chaos
