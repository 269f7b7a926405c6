// A TCP connection over the loopback device to each reader: what a network camera costs without a network.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <fstream>

#include "byte_stream.h"

namespace camtap::bench {
namespace {

sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

// The kernel picks the port; the readers find it in a file.
std::string port_file(const Assignment& a) {
    return file_in(a, "port");
}

}  // namespace

std::unique_ptr<Sender> open_sender(const Assignment& a) {
    sockaddr_in at = loopback(0);
    socklen_t length = sizeof at;
    UniqueFd listener = listen_at(AF_INET, reinterpret_cast<const sockaddr*>(&at), sizeof at);
    getsockname(listener.get(), reinterpret_cast<sockaddr*>(&at), &length);
    std::ofstream(port_file(a)) << ntohs(at.sin_port);
    return std::make_unique<StreamSender>(std::move(listener), a.work.size.bytes());
}

std::unique_ptr<Receiver> open_receiver(const Assignment& a) {
    uint16_t port = 0;
    std::ifstream(port_file(a)) >> port;
    const sockaddr_in at = loopback(port);
    return std::make_unique<StreamReceiver>(
        connect_to(AF_INET, reinterpret_cast<const sockaddr*>(&at), sizeof at), a.work.size.bytes());
}

void become_daemon(const Assignment&) {}

}  // namespace camtap::bench
