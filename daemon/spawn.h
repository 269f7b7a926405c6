// Starting a camtap-source process: one descriptor, few environment variables, nothing else of the daemon's.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace camtap {

struct SpawnedSource {
    pid_t pid = 0;
    UniqueFd pidfd;       // −1 if none was to be had
    UniqueFd connection;  // the daemon's end; the configure message is in it already
};

// Who goes first when memory runs out (oom_score_adj): among processes of one turn the largest.
enum class OutOfMemory { early = 500, first = 1000 };

// The child dies with the daemon (PDEATHSIG), and before it when memory runs out. `arguments` go through the
// connection, not the command line, because URLs hold passwords and everybody can read a command line.
// Errors: limit, no_memory, system, invalid (the arguments don't fit a message).
Result<SpawnedSource> spawn_source(const std::string& program, const std::string& stream,
                                   const std::vector<std::string>& arguments, OutOfMemory turn);

}  // namespace camtap
