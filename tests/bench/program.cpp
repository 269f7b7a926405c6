#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "common/clock.h"

namespace camtap::bench {
namespace {

constexpr int kAbove = 10;  // descriptors from here on are in nobody's way

// In the child: puts each descriptor where the program expects it.
void arrange(int control, int board, int memory, const std::string& log) {
    const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    const int from[] = {output, output, control, board, memory};
    const int to[] = {1, 2, kControlFd, kBoardFd, kMemoryFd};
    int moved[std::size(from)];
    for (size_t i = 0; i < std::size(from); ++i) moved[i] = fcntl(from[i], F_DUPFD_CLOEXEC, kAbove);
    for (size_t i = 0; i < std::size(from); ++i) dup2(moved[i], to[i]);
}

// A sink of GStreamer's that is killed leaves its shared memory behind, for ever.
void remove_gstreamer_memory(pid_t pid) {
    char prefix[32];
    std::snprintf(prefix, sizeof prefix, "shmpipe.%5d.", pid);
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", ignored)) {
        if (entry.path().filename().string().starts_with(prefix))
            std::filesystem::remove(entry.path(), ignored);
    }
}

// Nor does a runtime of iceoryx's take its socket and its lock with it.
void remove_iceoryx_names(pid_t pid) {
    std::error_code ignored;
    for (const char* role : {"writer", "reader"}) {
        const std::string name = "/tmp/camtap-bench-" + std::string(role) + "-" + std::to_string(pid);
        std::filesystem::remove(name, ignored);
        std::filesystem::remove(name + ".lock", ignored);
    }
}

}  // namespace

Program::Program(const std::string& path, const Assignment& assignment, int board_fd, int memory_fd,
                 const std::string& log) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        throw std::runtime_error("socketpair failed");
    control_.reset(pair[0]);
    const UniqueFd theirs(pair[1]);
    pid_ = fork();
    if (pid_ == 0) {
        arrange(theirs.get(), board_fd, memory_fd, log);
        execl(path.c_str(), path.c_str(), nullptr);
        _exit(127);
    }
    if (pid_ < 0) throw std::runtime_error("fork failed");
    send_message(control_.get(), assignment);
}

Program::Program(Program&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), control_(std::move(other.control_)) {}

void Program::signal(int number) const {
    if (pid_ > 0) kill(pid_, number);
}

bool Program::hear(Account& account, int64_t timeout_ns) const {
    pollfd readable{control_.get(), POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(timeout_ns / kNsPerMs)) != 1) return false;
    return receive_message(control_.get(), account);
}

void Program::end_in_order() {
    if (pid_ <= 0) return;
    signal(SIGCONT);
    signal(SIGTERM);
    const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    pollfd ended{process.get(), POLLIN, 0};
    poll(&ended, 1, 2000);
    end();
}

void Program::end() {
    if (pid_ <= 0) return;
    signal(SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    remove_gstreamer_memory(pid_);
    remove_iceoryx_names(pid_);
    pid_ = 0;
}

}  // namespace camtap::bench
