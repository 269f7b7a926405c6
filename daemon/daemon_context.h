// What all parts of the daemon share. One object, made by main(), passed by reference.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/config.h"
#include "daemon/event_loop.h"
#include "daemon/sequence_store.h"

namespace camtap {

struct DaemonContext {
    EventLoop& loop;
    DaemonConfig config;
    SequenceStore sequences;
    uint64_t instance;           // of this run; a random number
    std::string source_program;  // path of camtap-source
    uint32_t last_generation = 0;
    uint64_t segment_bytes = 0;  // bound of all newest generations together, against config.max_memory
};

}  // namespace camtap
