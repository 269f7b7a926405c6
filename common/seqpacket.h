// Datagrams with descriptors over a SEQPACKET Unix socket.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"
#include "common/wire.h"

namespace camtap {

// One received datagram. Descriptors beyond the first are closed on receipt: no message carries more than
// one.
struct Datagram {
    enum class Kind { message, nothing_yet, hang_up, malformed } kind = Kind::nothing_yet;
    size_t bytes = 0;
    UniqueFd fd;
    alignas(8) std::byte data[wire::kMaxMessage];

    // The type it claims; check with wire::parse before believing anything else.
    wire::Type type() const;
    template <class Message>
    [[nodiscard]] bool as(Message& out) const {
        return wire::parse(data, bytes, out);
    }
};

enum class Sent { yes, full, hang_up };

// Never blocks, raises no SIGPIPE. Sends `bytes`, with `fd` if it isn't -1. full: the peer doesn't read its
// messages.
Sent send_bytes(int socket, const void* data, size_t bytes, int fd = -1);

template <class Message>
Sent send_message(int socket, const Message& message, int fd = -1) {
    return send_bytes(socket, &message, sizeof message, fd);
}

// Never blocks. A datagram that is too long, cut, or has a header that doesn't fit its length is `malformed`.
void receive(int socket, Datagram& datagram);

// Non-blocking, close-on-exec. Errors: no_daemon (with what to do), invalid (path too long), limit, system.
Result<UniqueFd> connect_to(const std::string& path);

// $CAMTAP_SOCKET, else $XDG_RUNTIME_DIR/camtap.sock if that is there, else /run/camtap/camtap.sock.
std::string default_socket_path();

}  // namespace camtap
