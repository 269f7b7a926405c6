// How every client begins a conversation with the daemon, and what the daemon's refusals mean.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "common/seqpacket.h"
#include "common/wire.h"

namespace camtap::client {

// The socket that a client means: its own word, or the default one.
std::string socket_path_or_default(const char* path);

// Errors: bad_name, with the rule that `name` breaks.
Status check_stream_name(std::string_view name);

// `stream` is empty for control clients, `stock` 0 for all but publishers.
wire::Hello hello(wire::Role role, std::string_view stream, uint32_t stock);

// Errors: version, protocol (the magic words of a welcome are its length and type, which receive() checked).
Status check_welcome(const wire::Welcome& welcome);

// A refusal or dismissal as an error; codes that don't exist become protocol.
Error refusal(int32_t code, int32_t system_errno, std::string_view message);

// What a datagram that ends a session means: refused, dismissed, a hang-up, or nonsense.
Error ending(const Datagram& datagram);

}  // namespace camtap::client
