// One peer at work: its daemon, a writer and its readers, each a process of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "board.h"
#include "peers.h"
#include "program.h"

namespace camtap::bench {

// Owns: the processes, the memory that they have in common, a directory.
// Errors: std::runtime_error, which says what the peer's programs said last.
class Lane {
  public:
    static constexpr int64_t kGuardNs = 20'000'000'000;

    // Blocks until all are ready.
    Lane(const Peer& peer, const Work& work, uint32_t stock);
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    const Peer& peer() const { return peer_; }
    const Work& work() const { return work_; }
    const std::string& directory() const { return directory_; }

    // Publishes frames that aren't recorded until every reader has had one.
    void warm_up();
    // Has the writer do it, and waits until it is done.
    Account run(const Order& order);
    // The same in two steps, for what is to be seen meanwhile.
    void start(const Order& order);
    Account finish(int64_t timeout_ns = kGuardNs);
    // Blocks until every reader has frame `number`, or those that are still on their way have come (a peer
    // may drop frames). False if some readers don't have it.
    bool settle(uint64_t number) const;

    // Another reader, that the writer doesn't wait for; the returned program is on sheet `sheet`.
    Program add_reader(uint32_t sheet, const Assignment& manner) const;
    void kill_and_restart_writer();
    void end_writer() { writer_->end(); }
    // Any peer's program, with this lane's memory and log.
    Program program(const char* name, const Assignment& a) const;
    // Stops what would use the processor while other lanes are measured.
    void pause() const;
    void resume() const;

    Sheet& sheet(uint32_t reader) const { return board_->sheets[reader]; }
    std::vector<Sample> take_samples() const;  // of all readers; only while nothing is published
    uint64_t received() const;                 // by all readers
    int64_t readers_cpu_ns() const;
    int64_t daemon_cpu_ns() const;  // 0 if it has none
    int64_t writer_cpu_ns() const { return cpu_ns_of(writer_->pid()); }
    std::vector<pid_t> processes() const;
    // So many frames can be published before every reader has had them, without any reader missing one;
    // 0: as many as the peer's own waiting allows.
    uint64_t window() const { return peer_.waits ? 0 : peer_.depth; }

  private:
    Assignment assignment(Role role) const;
    bool everybody_has(uint64_t number) const;
    Program program(const Assignment& a) const { return program(peer_.program, a); }
    [[noreturn]] void fail(const std::string& what) const;

    const Peer peer_;
    const Work work_;
    const uint32_t stock_;
    std::string directory_;
    UniqueFd board_fd_;
    UniqueFd memory_fd_;
    Board* board_ = nullptr;
    std::optional<Program> daemon_;
    std::unique_ptr<Program> writer_;
    std::vector<Program> readers_;
};

}  // namespace camtap::bench
