// What a process has in hand of camtap's: what is counted before a victim comes must be there again when it
// is dead, and no more.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace camtap::test {

struct Holdings {
    size_t descriptors = 0;
    size_t mappings = 0;  // of segments and pin pages
    bool operator==(const Holdings&) const = default;
    std::string text() const;
};

// Of this process.
Holdings own_holdings();

// Of a daemon that has done what there was to do: it has answered a client, who is still there.
Holdings daemon_holdings(pid_t pid, const std::string& socket_path);

}  // namespace camtap::test
