#include "stepper.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace camtap::test {
namespace {

constexpr auto kGuard = std::chrono::seconds(20);
constexpr const char* kLibrary = "libcamtap.so";
constexpr const char* kProgram = "victim";
constexpr int kMayNotTrace = 126;

[[noreturn]] void run(const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    setenv("LD_BIND_NOW", "1", 1);  // or the dynamic linker would run inside of what is stepped
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(kMayNotTrace);
    execv(argv[0], argv.data());
    _exit(127);
}

}  // namespace

Stepper::Stepper(const std::vector<std::string>& arguments)
    : program_(arguments[0].substr(arguments[0].rfind('/') + 1)) {
    pid_ = fork();
    if (pid_ == 0) run(arguments);
    if (pid_ < 0) throw std::runtime_error("fork failed");
    int status = 0;
    waitpid(pid_, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == kMayNotTrace) {
        pid_ = 0;
        throw std::runtime_error("ptrace isn't allowed here, see kernel.yama.ptrace_scope and seccomp");
    }
    expect_trap(status);
    ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL);
    state_file_ = open(("/proc/" + std::to_string(pid_) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
}

Stepper::~Stepper() {
    kill();
}

void Stepper::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) == pid_ && !WIFEXITED(status) && !WIFSIGNALED(status)) {
    }
    pid_ = 0;
    close(state_file_);
}

void Stepper::expect_trap(int status) {
    if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP) return;
    if (WIFSTOPPED(status)) {
        throw std::runtime_error(std::string("the victim got the signal ") + strsignal(WSTOPSIG(status)));
    }
    pid_ = 0;
    throw std::runtime_error(WIFEXITED(status)
                                 ? "the victim exited with status " + std::to_string(WEXITSTATUS(status))
                                 : std::string("the victim died of ") + strsignal(WTERMSIG(status)));
}

bool Stepper::await_stop(const std::function<bool()>& give_up) {
    const auto deadline = std::chrono::steady_clock::now() + kGuard;
    for (int tries = 0;; ++tries) {
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) == pid_) {
            expect_trap(status);
            return true;
        }
        if (give_up()) return false;
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the victim hangs");
        if (tries < 100) {
            sched_yield();  // it runs on this very core
        } else {
            poll(nullptr, 0, 1);
        }
    }
}

void Stepper::run_to_marker() {
    ptrace(PTRACE_CONT, pid_, nullptr, nullptr);
    await_stop([] { return false; });
    if (modules_.empty()) find_modules();
}

bool Stepper::step(const std::function<bool()>& asleep) {
    const bool may_sleep = place_.next == Place::Next::system_call;
    if (ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0) throw std::runtime_error("PTRACE_SINGLESTEP");
    if (!may_sleep) {
        int status = 0;
        waitpid(pid_, &status, 0);
        expect_trap(status);
        return true;
    }
    bool slept = false;
    return await_stop([&] {
        if (slept || !is_asleep()) return false;
        slept = true;
        return !asleep();
    });
}

// "PID (NAME) STATE …"; a victim's name has no ')'.
bool Stepper::is_asleep() const {
    char text[256];
    const ssize_t n = pread(state_file_, text, sizeof text - 1, 0);
    if (n <= 0) return false;
    text[n] = 0;
    const char* after = std::strchr(text, ')');
    return after != nullptr && after[1] == ' ' && after[2] == 'S';
}

std::string Place::text(std::string_view module, uint64_t offset) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "+0x%lx", static_cast<unsigned long>(offset));
    return std::string(module) + digits;
}

const Place& Stepper::place() {
#ifdef __x86_64__
    user_regs_struct registers{};
    ptrace(PTRACE_GETREGS, pid_, nullptr, &registers);
    errno = 0;
    const long word = ptrace(PTRACE_PEEKTEXT, pid_, registers.rip, nullptr);
    if (errno != 0) throw std::runtime_error("the victim is at an address that isn't mapped");
    place_.next = (word & 0xffff) == 0x050f ? Place::Next::system_call
                  : (word & 0xff) == 0xcc   ? Place::Next::marker
                                            : Place::Next::plain;
    place_.address = registers.rip;
    place_.ours = false;
    for (const Module& module : modules_) {
        if (registers.rip < module.begin || registers.rip >= module.end) continue;
        place_.ours = true;
        place_.offset = registers.rip - module.base;
        place_.module = module.name;
    }
#endif
    return place_;
}

void Stepper::find_modules() {
    std::ifstream maps("/proc/" + std::to_string(pid_) + "/maps");
    std::string line;
    while (std::getline(maps, line)) {
        unsigned long begin = 0, end = 0, offset = 0;
        char rights[5] = {};
        if (std::sscanf(line.c_str(), "%lx-%lx %4s %lx", &begin, &end, rights, &offset) != 4) continue;
        const std::string file = line.substr(line.rfind('/') + 1);
        const bool library = file.rfind(kLibrary, 0) == 0;
        if (rights[2] != 'x' || (!library && file != program_)) continue;
        modules_.push_back({begin, end, begin - offset, library ? kLibrary : kProgram});
    }
    if (modules_.size() != 2) throw std::runtime_error("libcamtap's code isn't found in the victim");
}

}  // namespace camtap::test
