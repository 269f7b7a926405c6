#include "processes.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

namespace camtap::chaos {

namespace fs = std::filesystem;

bool comes_true(const std::function<bool()>& condition) {
    using Clock = std::chrono::steady_clock;
    constexpr Clock::duration kLongestTurn = std::chrono::milliseconds(20);
    Clock::duration left = kPatience;
    for (auto turn = Clock::now(); !condition();) {
        poll(nullptr, 0, 5);
        left -= std::min(Clock::now() - std::exchange(turn, Clock::now()), kLongestTurn);
        if (left < Clock::duration::zero()) return false;
    }
    return true;
}

Processes::Processes() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Processes::~Processes() {
    while (!known_.empty()) {
        const pid_t pid = known_.begin()->first;
        ::kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        known_.erase(known_.begin());
    }
    while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {  // orphans end by themselves
    }
}

pid_t Processes::start(const std::string& name, const std::function<void()>& body) {
    std::fflush(nullptr);
    const pid_t pid = fork();
    if (pid < 0) throw Failure("fork: " + std::string(strerror(errno)));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        body();
        _exit(0);
    }
    known_[pid] = {name};
    return pid;
}

void Processes::signal(pid_t pid, int signal) const {
    if (runs(pid)) ::kill(pid, signal);
}

void Processes::kill(pid_t pid) {
    if (!runs(pid)) return;
    Known& process = known_.at(pid);
    process.is_killed = true;
    ::kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    const Known ended = process;
    known_.erase(pid);
    judge(ended, pid, status);
}

void Processes::reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        const auto found = known_.find(pid);
        if (found == known_.end())
            continue;  // an orphan: a source, or a fork, which has its own way to complain
        const Known ended = found->second;
        known_.erase(found);
        judge(ended, pid, status);
    }
}

void Processes::judge(const Known& process, pid_t pid, int status) const {
    if (process.is_killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return;
    if ((process.may_end || process.is_killed) && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    throw Failure(process.name + " (process " + std::to_string(pid) + ") ended unasked, by " +
                  (WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                       : "status " + std::to_string(WEXITSTATUS(status))));
}

std::string Holdings::words() const {
    return std::to_string(descriptors) + " descriptors, " + std::to_string(memfds) + " mapped memfds, " +
           std::to_string(children) + " children";
}

std::vector<pid_t> children_of(pid_t pid) {
    std::vector<pid_t> children;
    std::error_code ignored;
    const std::string process = "/proc/" + std::to_string(pid);
    for (const auto& task : fs::directory_iterator(process + "/task", ignored)) {
        std::ifstream list(task.path() / "children");
        for (pid_t child = 0; list >> child;) children.push_back(child);
    }
    return children;
}

Holdings holdings_of(pid_t pid) {
    Holdings holdings;
    const std::string process = "/proc/" + std::to_string(pid);
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(process + "/fd", ignored)) {
        (void)entry;
        ++holdings.descriptors;
    }
    std::ifstream maps(process + "/maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.find("memfd:") != std::string::npos) ++holdings.memfds;
    }
    holdings.children = children_of(pid).size();
    return holdings;
}

std::string state_of(pid_t pid) {
    const std::string process = "/proc/" + std::to_string(pid);
    std::string text = "gone";
    std::ifstream status(process + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("State:")) text = line.substr(7);
    }
    std::string where;
    std::ifstream(process + "/wchan") >> where;
    return text + " in " + where;
}

size_t private_kib(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:")) return std::stoul(line.substr(8));
    }
    return 0;
}

}  // namespace camtap::chaos
