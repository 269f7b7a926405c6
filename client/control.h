// Questions to the daemon about itself: one connection each, gone with the answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "camtap/camtap.h"
#include "client/deadline.h"
#include "common/seqpacket.h"

namespace camtap::client {

// Blocking: up to the deadline. Errors: no_daemon, timeout, version, not_allowed, limit, protocol, system.
class Control {
  public:
    static Result<Control> open(const std::string& socket_path, const Deadline& deadline);

    // Empty `stream`: all. Errors, besides: unknown_stream.
    Result<std::vector<camtap_stream_info>> list_streams(const std::string& stream);
    Result<std::vector<camtap_tap_info>> list_taps(const std::string& stream);

    // The daemon's verdict; what it says may be bad news, that is not an error of this call.
    Result<wire::Verdict> reload();

  private:
    Control(UniqueFd socket, const Deadline& deadline, std::string socket_path)
        : socket_(std::move(socket)), deadline_(deadline), socket_path_(std::move(socket_path)) {}

    // The next message, which is a refusal only in the error.
    Status receive_answer(Datagram& datagram);
    template <class Request>
    Status ask(const Request& request, Datagram& datagram);
    template <class Request, class Reply, class Record, class Info>
    Result<std::vector<Info>> list(const std::string& stream);

    UniqueFd socket_;
    Deadline deadline_;
    std::string socket_path_;
};

}  // namespace camtap::client
