#include "daemon/source/spawned.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include <cstring>
#include <memory>

#include "common/seqpacket.h"

namespace camtap::source {

namespace {

constexpr int kPatienceMs = 10'000;

Result<std::vector<std::string>> parse(const Datagram& datagram) {
    const auto malformed = [] { return Error{Code::protocol, 0, "camtapd's orders are malformed"}; };
    wire::Configure configure{};
    if (datagram.bytes < sizeof configure) return malformed();
    std::memcpy(&configure, datagram.data, sizeof configure);
    if (configure.header.type != wire::Type::configure)
        return malformed();  // its length is checked by receive()
    const char* at = reinterpret_cast<const char*>(datagram.data) + sizeof configure;
    const char* const end = reinterpret_cast<const char*>(datagram.data) + datagram.bytes;
    std::vector<std::string> arguments;
    for (uint32_t i = 0; i < configure.count; ++i) {
        const void* nul = std::memchr(at, 0, static_cast<size_t>(end - at));
        if (nul == nullptr) return malformed();
        arguments.emplace_back(at);
        at = static_cast<const char*>(nul) + 1;
    }
    return arguments;
}

}  // namespace

Result<std::vector<std::string>> receive_arguments(int connection) {
    pollfd fd{connection, POLLIN, 0};
    int n = 0;
    do {
        n = poll(&fd, 1, kPatienceMs);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return system_error("poll", errno);
    if (n == 0) return Error{Code::timeout, 0, "camtapd sent no orders"};
    if ((fd.revents & POLLNVAL) != 0)
        return Error{Code::invalid, 0, "--broker-fd: there is no such descriptor"};
    auto datagram = std::make_unique<Datagram>();
    receive(connection, *datagram);
    if (datagram->kind == Datagram::Kind::hang_up) return Error{Code::gone, 0, "camtapd hung up"};
    if (datagram->kind != Datagram::Kind::message) {
        return Error{Code::protocol, 0, "--broker-fd: this is not camtapd's socket"};
    }
    return parse(*datagram);
}

void begin_as_child() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    // By default they end the process at once, even in the middle of a read() that would never return.
    // Nothing is lost by that: a slot that was not published yet is the daemon's again when the socket
    // closes.
    for (const int signal_number : {SIGTERM, SIGINT, SIGHUP}) signal(signal_number, SIG_DFL);
}

}  // namespace camtap::source
