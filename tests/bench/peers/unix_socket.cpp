// A Unix stream socket to each reader: the kernel copies in and out.
#include <sys/un.h>

#include <cstring>

#include "byte_stream.h"

namespace camtap::bench {
namespace {

sockaddr_un address(const Assignment& a) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    file_in(a, "unix.sock").copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

}  // namespace

std::unique_ptr<Sender> open_sender(const Assignment& a) {
    const sockaddr_un at = address(a);
    unlink(at.sun_path);  // left by a writer that was killed
    return std::make_unique<StreamSender>(
        listen_at(AF_UNIX, reinterpret_cast<const sockaddr*>(&at), sizeof at), a.work.size.bytes());
}

std::unique_ptr<Receiver> open_receiver(const Assignment& a) {
    const sockaddr_un at = address(a);
    return std::make_unique<StreamReceiver>(
        connect_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&at), sizeof at), a.work.size.bytes());
}

void become_daemon(const Assignment&) {}

}  // namespace camtap::bench
