#include "lane.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/clock.h"
#include "pace.h"

namespace camtap::bench {
namespace {

std::string make_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "camtap-bench-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory can be made");
    chmod(pattern.c_str(), 0755);  // for readers of other users
    return pattern;
}

std::string last_line(const std::string& path) {
    std::string last;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.empty()) last = line;
    }
    return last;
}

}  // namespace

Lane::Lane(const Peer& peer, const Work& work, uint32_t stock)
    : peer_(peer),
      work_(work),
      stock_(stock),
      directory_(make_directory()),
      board_fd_(memfd_create("bench-board", MFD_CLOEXEC)),
      memory_fd_(memfd_create("bench-memory", MFD_CLOEXEC)) {
    if (ftruncate(board_fd_.get(), sizeof(Board)) != 0) throw std::runtime_error("memfd_create failed");
    void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, board_fd_.get(), 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    board_ = static_cast<Board*>(memory);
    board_->counted.store(work_.readers);
    if (peer_.has_daemon) daemon_.emplace(program(assignment(Role::daemon)));
    writer_ = std::make_unique<Program>(program(assignment(Role::writer)));
    Account ready;
    if (!writer_->hear(ready, kGuardNs)) fail("its writer doesn't get ready");
    for (uint32_t i = 0; i < work_.readers; ++i) {
        Assignment a = assignment(Role::reader);
        a.sheet = i;
        a.seat = 1 + i;
        readers_.push_back(program(a));
    }
    for (const Program& reader : readers_) {
        if (!reader.hear(ready, kGuardNs)) fail("a reader doesn't get ready");
    }
}

// First those who may have something to tell the daemon, then the daemon.
Lane::~Lane() {
    readers_.clear();
    writer_.reset();
    if (daemon_) daemon_->end_in_order();
    if (board_ != nullptr) munmap(board_, sizeof(Board));
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

Assignment Lane::assignment(Role role) const {
    Assignment a;
    a.role = role;
    a.work = work_;
    a.depth = peer_.depth;
    a.stock = stock_;
    directory_.copy(a.directory, sizeof a.directory - 1);
    return a;
}

Program Lane::program(const char* name, const Assignment& a) const {
    return Program(Peers::program_path(name), a, board_fd_.get(), memory_fd_.get(), directory_ + "/log");
}

void Lane::fail(const std::string& what) const {
    throw std::runtime_error(std::string(peer_.name) + ": " + what + ": " + last_line(directory_ + "/log"));
}

void Lane::warm_up() {
    Order order;
    order.frames =
        20 + 2 * stock_;  // until every slot in use has its memory, and every cache and branch is warm
    order.period_ns = 2 * kNsPerMs;
    const int64_t give_up = monotonic_ns() + kGuardNs;
    for (uint64_t first = 1; monotonic_ns() < give_up;) {
        const Account account = run(order);
        settle(account.newest);
        if (everybody_has(first)) return;
        first = account.newest + 1;
    }
    fail("a reader got no frame for 20 seconds");
}

Account Lane::run(const Order& order) {
    start(order);
    return finish();
}

void Lane::start(const Order& order) {
    if (!writer_->give(order)) fail("its writer has ended");
}

Account Lane::finish(int64_t timeout_ns) {
    Account account;
    if (!writer_->hear(account, timeout_ns)) fail("its writer is stuck");
    return account;
}

bool Lane::everybody_has(uint64_t number) const {
    bool all = true;
    for (uint32_t i = 0; i < work_.readers; ++i) {
        if (sheet(i).failed.load() != 0) fail("a reader has failed");
        all = all && sheet(i).newest.load(std::memory_order_acquire) >= number;
    }
    return all;
}

bool Lane::settle(uint64_t number) const {
    constexpr int64_t kLull = 200 * kNsPerMs;  // longer than any peer takes for a frame
    uint64_t had = received();
    int64_t since = monotonic_ns();
    while (!everybody_has(number)) {
        const int64_t now = monotonic_ns();
        if (received() != had) {
            had = received();
            since = now;
        } else if (now - since > kLull) {
            return false;
        }
        sleep_for(kNsPerMs);
    }
    return true;
}

Program Lane::add_reader(uint32_t sheet, const Assignment& manner) const {
    std::memset(static_cast<void*>(&this->sheet(sheet)), 0, sizeof(Sheet));
    Assignment a = assignment(Role::reader);
    a.sheet = sheet;
    a.seat = 1 + sheet;
    a.frames_held = manner.frames_held;
    a.hold_ms = manner.hold_ms;
    a.user = manner.user;
    return program(a);
}

void Lane::kill_and_restart_writer() {
    writer_->end();
    writer_ = std::make_unique<Program>(program(assignment(Role::writer)));
    Account ready;
    if (!writer_->hear(ready, kGuardNs)) fail("its new writer doesn't get ready");
}

void Lane::pause() const {
    if (!peer_.polls) return;
    for (const pid_t pid : processes()) kill(pid, SIGSTOP);
}

void Lane::resume() const {
    if (!peer_.polls) return;
    for (const pid_t pid : processes()) kill(pid, SIGCONT);
}

std::vector<Sample> Lane::take_samples() const {
    std::vector<Sample> all;
    for (uint32_t i = 0; i < work_.readers; ++i) {
        const uint32_t n = sheet(i).samples.exchange(0);
        all.insert(all.end(), sheet(i).sample, sheet(i).sample + n);
    }
    return all;
}

uint64_t Lane::received() const {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < work_.readers; ++i) sum += sheet(i).received.load();
    return sum;
}

int64_t Lane::readers_cpu_ns() const {
    int64_t sum = 0;
    for (const Program& reader : readers_) sum += cpu_ns_of(reader.pid());
    return sum;
}

int64_t Lane::daemon_cpu_ns() const {
    return daemon_ ? cpu_ns_of(daemon_->pid()) : 0;
}

std::vector<pid_t> Lane::processes() const {
    std::vector<pid_t> all{writer_->pid()};
    if (daemon_) all.push_back(daemon_->pid());
    for (const Program& reader : readers_) all.push_back(reader.pid());
    return all;
}

}  // namespace camtap::bench
