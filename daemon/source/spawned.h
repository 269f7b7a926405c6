// How camtapd hands a source its orders: over a socket, because URLs hold passwords and everybody can read a
// command line.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"

namespace camtap::source {

// The arguments in the first message on `connection`. Blocks until it comes, a few seconds at most.
// Errors: invalid (no descriptor of a daemon), protocol, timeout, gone.
Result<std::vector<std::string>> receive_arguments(int connection);

// Asks the kernel to kill this process when the daemon dies, and takes back what a daemon may leave to its
// children: blocked and ignored signals.
void begin_as_child();

}  // namespace camtap::source
