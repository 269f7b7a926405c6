// What a source may do once it looks at data that strangers may have made: decode and publish, nothing else.
//
// Codecs are the one part of camtap that parses what it is sent, so a source counts as taken over from its
// first frame on. It runs as the daemon's user; so it must not reach the daemon (its socket, its memory, its
// signals), other sources, or the kernel's rarer doors.
#pragma once

#include <cstdint>

#include "common/result.h"

namespace camtap::source {

// For the whole process, threads included, and for good: no new privileges; no core files; at most
// `max_memory` bytes of memory of its own (RLIMIT_DATA; the shared segment is the daemon's); a system-call
// filter: no Unix sockets but its own, no signals to others, no limits or priorities of others, no looking
// into other processes, no rights or dates of files, no new namespaces or mounts. Where the kernel has
// Landlock, files can be changed only below /dev, /tmp and $XDG_CACHE_HOME (else ~/.cache), and the memory of
// processes outside can't be opened either. Errors: system, with what could not be had.
Status confine(uint64_t max_memory);

}  // namespace camtap::source
