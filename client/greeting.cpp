#include "client/greeting.h"

#include <errno.h>

#include "client/text.h"
#include "common/stream_name.h"

namespace camtap::client {

std::string socket_path_or_default(const char* path) {
    return path != nullptr && *path != 0 ? std::string(path) : default_socket_path();
}

Status check_stream_name(std::string_view name) {
    const std::string_view fault = stream_name_fault(name);
    if (fault.empty()) return Done{};
    char shown[128];
    copy_text(shown, sizeof shown, name);
    return Error{Code::bad_name, 0, std::string("'") + shown + "': " + std::string(fault)};
}

wire::Hello hello(wire::Role role, std::string_view stream, uint32_t stock) {
    auto message = wire::make<wire::Hello>();
    message.magic = wire::kHelloMagic;
    message.major = wire::kMajor;
    message.minor = wire::kMinor;
    message.role = role;
    message.stock = stock;
    message.stream.set(stream);
    copy_text(message.program.chars, sizeof message.program.chars, program_invocation_short_name);
    return message;
}

Status check_welcome(const wire::Welcome& welcome) {
    if (welcome.major == wire::kMajor) return Done{};
    return Error{Code::version, 0,
                 "camtapd speaks version " + std::to_string(welcome.major) +
                     " of the protocol, this library " + std::to_string(wire::kMajor)};
}

Error refusal(int32_t code, int32_t system_errno, std::string_view message) {
    char text[wire::kTextField];
    copy_text(text, sizeof text, message);
    const bool known = code < 0 && code >= static_cast<int32_t>(Code::malformed);
    return Error{known ? static_cast<Code>(code) : Code::protocol, system_errno,
                 *text != 0 ? std::string(text) : std::string("camtapd refused without a word")};
}

Error ending(const Datagram& datagram) {
    switch (datagram.kind) {
        case Datagram::Kind::hang_up:
            return Error{Code::no_daemon, 0, "camtapd went away"};
        case Datagram::Kind::message:
            if (wire::Refused refused{}; datagram.as(refused)) {
                return refusal(refused.code, refused.system_errno, refused.message.view());
            }
            if (wire::Dismissed dismissed{}; datagram.as(dismissed)) {
                return refusal(dismissed.code, 0, dismissed.message.view());
            }
            break;
        case Datagram::Kind::malformed:
        case Datagram::Kind::nothing_yet:
            break;
    }
    return Error{Code::protocol, 0, "camtapd sent something that this library doesn't understand"};
}

}  // namespace camtap::client
