// Which ways of sharing there are to be compared, and what each can do.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace camtap::bench {

struct Peer {
    enum class Kind { ours, floor, peer };

    const char* name;     // in the tables
    const char* program;  // bench_peer_PROGRAM
    const char* packages =
        nullptr;  // of Debian 12, that it is built and run with; nullptr: nothing of its own
    Kind kind = Kind::peer;
    uint32_t depth = 0;  // as in Assignment
    bool fills = false;  // a camera can write where readers will look
    bool has_daemon = false;
    bool waits = false;  // with Work::every_frame its writer waits for readers by itself
    bool polls = false;  // uses the processor when there is nothing to do
    bool readers_may_leave = true;
    bool carries_nothing = false;  // wakes, and shares no picture
    uint64_t most_bytes = ~uint64_t{0};
    bool only_if_all = false;  // PEERS=all
};

inline constexpr std::string_view kOurs = "camtap, depth 4";
inline constexpr std::string_view kFutex = "bare futex";

class Peers {
  public:
    // Those whose programs lie beside this one.
    explicit Peers(bool all);
    std::span<const Peer> present() const { return present_; }
    const Peer* find(std::string_view name) const;
    bool is_missing(std::string_view name) const;
    // "iceoryx is left out: …", one for each that isn't present.
    std::span<const std::string> missing() const { return missing_; }
    static std::string program_path(const char* program);

  private:
    std::vector<Peer> present_;
    std::vector<std::string> missing_;
    std::vector<std::string_view> missing_names_;
};

}  // namespace camtap::bench
