// What the operator asked for: the TOML configuration, checked and resolved. No part of it changes once it is
// made.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace camtap {

using Seconds = std::chrono::duration<double>;
inline int64_t to_ns(Seconds s) {
    return static_cast<int64_t>(s.count() * 1e9);
}

// Who may. Root and the daemon's own user always may.
struct Access {
    bool everybody = false;     // "*" among the users
    std::vector<uid_t> users;   // sorted
    std::vector<gid_t> groups;  // sorted
    std::string words;          // "users a, b; groups c", or "nobody but root and the daemon's user"
    bool operator==(const Access&) const = default;
};

struct StreamConfig {
    std::string name;
    std::string source;  // "images", "video", "pattern", "publisher"
    uint32_t depth = 4;
    uint32_t max_taps = 16;
    uint32_t max_pins = 2;
    uint64_t max_frame_bytes = uint64_t{256} << 20;
    uint64_t max_memory = uint64_t{1} << 30;  // bound of one generation's segment
    Seconds stall_timeout{5};
    Seconds open_timeout{30};
    Seconds stale_after{1};
    Seconds linger{5};  // on-demand: how long the source goes on after the last tap has left
    bool on_demand = false;
    bool confine = true;                             // the source: see daemon/source/confinement.h
    uint64_t max_source_memory = uint64_t{4} << 30;  // of a confined source's own
    Access tap_access;
    Access publish_access;
    std::vector<std::string>
        source_arguments;  // for camtap-source: "images", "--path", "/…", …; not for "publisher"
    bool operator==(const StreamConfig&) const = default;
};

struct DaemonConfig {
    std::string socket;  // empty: the command line's or the default one
    std::string log_level = "info";
    uint32_t max_connections = 512;
    uint32_t max_connections_per_user = 128;
    uint32_t max_requests_per_second = 2000;  // of one client, frames aside; more ends its session
    uint64_t max_memory = uint64_t{4} << 30;  // sum of all streams' segments
    Seconds handshake_timeout{5};             // for a client's first word, and for mapping what it was given
    Seconds restart_delay{0.1};               // of a source, doubling …
    Seconds restart_delay_max{5};             // … up to this
    bool operator==(const DaemonConfig&) const = default;
};

struct Config {
    DaemonConfig daemon;
    std::vector<StreamConfig> streams;
};

// Reads `path` and then, in alphabetical order, the *.toml files in the directory camtap.d beside it.
// Relative paths inside are taken from the directory of the file that names them. Blocks: files and name
// services. Errors: invalid, as "FILE:LINE:COLUMN: KEY: reason", the first one found; unknown keys name the
// nearest known one.
Result<Config> load_config(const std::string& path);

}  // namespace camtap
