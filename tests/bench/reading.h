// A reader: waits for frames and writes down when each one came.
#pragma once

#include "board.h"
#include "peer.h"

namespace camtap::bench {

// Reads for ever; `started_ns` is when the reader began to attach. Comes back only when the peer has no more
// frames for it, which is a failure.
void read_frames(const Assignment& assignment, Receiver& receiver, Sheet& sheet, int64_t started_ns);

}  // namespace camtap::bench
