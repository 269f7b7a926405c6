#include "peers.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "peers/tutorial_queue.h"

namespace camtap::bench {
namespace {

using Kind = Peer::Kind;

constexpr Peer kAll[] = {
    {.name = kFutex.data(), .program = "futex", .kind = Kind::floor, .fills = true, .carries_nothing = true},
    {.name = "bare ring, depth 1", .program = "ref", .kind = Kind::floor, .depth = 1, .fills = true},
    {.name = "bare ring, depth 4", .program = "ref", .kind = Kind::floor, .depth = 4, .fills = true},
    {.name = "camtap, depth 1",
     .program = "camtap",
     .kind = Kind::ours,
     .depth = 1,
     .fills = true,
     .has_daemon = true},
    {.name = "camtap, depth 4",
     .program = "camtap",
     .kind = Kind::ours,
     .depth = 4,
     .fills = true,
     .has_daemon = true},
    {.name = "iceoryx",
     .program = "iceoryx",
     .packages = "libiceoryx-posh-dev iceoryx",
     .fills = true,
     .has_daemon = true,
     .waits = true},
    {.name = "GStreamer shm",
     .program = "gstreamer",
     .packages = "libgstreamer-plugins-base1.0-dev gstreamer1.0-plugins-bad",
     .fills = true,
     .waits = true},
    {.name = "ZeroMQ ipc", .program = "zeromq", .packages = "libzmq3-dev cppzmq-dev", .waits = true},
    {.name = "tutorial's queue",
     .program = "tutorial_queue",
     .waits = true,
     .polls = true,
     .readers_may_leave = false,
     .most_bytes = kTutorialCell},
    {.name = "boost message_queue",
     .program = "message_queue",
     .packages = "libboost-dev",
     .waits = true,
     .readers_may_leave = false,
     .only_if_all = true},
    {.name = "Unix socket", .program = "unix_socket", .waits = true, .only_if_all = true},
    {.name = "TCP loopback", .program = "tcp", .packages = nullptr, .waits = true, .only_if_all = true},
};

}  // namespace

Peers::Peers(bool all) {
    for (const Peer& peer : kAll) {
        if (peer.only_if_all && !all) continue;
        if (access(program_path(peer.program).c_str(), X_OK) == 0) {
            present_.push_back(peer);
            continue;
        }
        missing_names_.emplace_back(peer.name);
        const std::string packages = peer.packages == nullptr ? "it was not built" : peer.packages;
        missing_.push_back(std::string(peer.name) + " is left out; to have it, install: " + packages);
    }
}

const Peer* Peers::find(std::string_view name) const {
    const auto found =
        std::find_if(present_.begin(), present_.end(), [&](const Peer& p) { return p.name == name; });
    return found == present_.end() ? nullptr : &*found;
}

bool Peers::is_missing(std::string_view name) const {
    return std::find(missing_names_.begin(), missing_names_.end(), name) != missing_names_.end();
}

std::string Peers::program_path(const char* program) {
    const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    return (here / (std::string("bench_peer_") + program)).string();
}

}  // namespace camtap::bench
