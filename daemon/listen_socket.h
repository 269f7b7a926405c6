// The broker's listening socket: systemd's, if it passed one, else one of our own at a path.
#pragma once

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace camtap {

// Owns: the listening socket and, if it made it, its path and the lock beside it.
class ListenSocket {
  public:
    // Takes the one socket that systemd passed, wherever that is, or binds `path`, replacing a socket that a
    // dead daemon left there. Missing directories are made (0755). Errors: busy (a live daemon has it),
    // invalid (path too long), system.
    static Result<ListenSocket> open(const std::string& path);

    ListenSocket(ListenSocket&&) = default;
    ListenSocket& operator=(ListenSocket&&) = delete;
    ~ListenSocket();

    // As the end of this object does.
    void remove();

    int fd() const { return fd_.get(); }
    const std::string& path() const { return path_; }

  private:
    ListenSocket() = default;
    UniqueFd fd_;
    UniqueFd lock_;  // held while the path is ours; −1 for systemd's socket
    std::string path_;
};

// $CAMTAP_SOCKET, else /run/camtap/camtap.sock for root, else $XDG_RUNTIME_DIR/camtap.sock. Where clients
// look.
std::string default_listen_path();

}  // namespace camtap
