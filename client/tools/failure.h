// Telling the user on stderr what went wrong and what to do about it.
#pragma once

#include <camtap/camtap.h>

#include <string>
#include <string_view>

#include "exit_codes.h"

namespace camtap::tools {

struct Asked {
    std::string socket;  // empty: the library's default
    std::string stream;  // empty: no particular one

    const char* socket_path() const { return socket.empty() ? nullptr : socket.c_str(); }
};

// Writes "camtap: TEXT" and, where there is something to do about it, a line that says what: how to start the
// daemon, which streams there are. Blocks: asks the daemon for its streams. Returns the exit status that
// belongs to `error`.
ExitCode fail(const Asked& asked, camtap_error error, std::string_view text);

// "camtap: TEXT" alone.
void complain(std::string_view text);

// Flushes stdout, and complains if what was written didn't all arrive (a full disk). The status to exit with.
int finish_output(int status);

}  // namespace camtap::tools
