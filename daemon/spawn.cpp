#include "daemon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "common/seqpacket.h"
#include "common/wire.h"

namespace camtap {

static constexpr int kConnectionFd = 3;

// What a source may know of the daemon's environment. Not NOTIFY_SOCKET, WATCHDOG_* or LISTEN_*: those are
// for one process.
static bool passes_to_source(std::string_view variable) {
    static constexpr std::string_view kAllowed[] = {"PATH=",
                                                    "HOME=",
                                                    "LANG=",
                                                    "LC_",
                                                    "TZ=",
                                                    "TMPDIR=",
                                                    "LD_LIBRARY_PATH=",
                                                    "OPENCV_",
                                                    "GST_",
                                                    "DISPLAY=",
                                                    "JOURNAL_STREAM=",
                                                    "XDG_RUNTIME_DIR=",
                                                    "XDG_CACHE_HOME=",
                                                    "http_proxy=",
                                                    "https_proxy=",
                                                    "no_proxy=",
                                                    "ASAN_OPTIONS=",
                                                    "UBSAN_OPTIONS=",
                                                    "TSAN_OPTIONS=",
                                                    "LSAN_OPTIONS="};
    for (const std::string_view allowed : kAllowed) {
        if (variable.substr(0, allowed.size()) == allowed) return true;
    }
    return false;
}

static Result<std::vector<char>> configure_message(const std::vector<std::string>& arguments) {
    std::vector<char> bytes(sizeof(wire::Configure));
    for (const std::string& argument : arguments) {
        bytes.insert(bytes.end(), argument.begin(), argument.end());
        bytes.push_back(0);
    }
    if (bytes.size() > wire::kMaxMessage)
        return Error{Code::invalid, 0, "the source's settings are too long"};
    auto message = wire::make<wire::Configure>();
    message.header.bytes = static_cast<uint32_t>(bytes.size());
    message.count = static_cast<uint32_t>(arguments.size());
    std::memcpy(bytes.data(), &message, sizeof message);
    return bytes;
}

// In the child, between fork and exec. Only system calls: nothing here allocates.
[[noreturn]] static void become_source(const char* program, char* const* argv, char* const* env,
                                       int connection, pid_t daemon, std::string_view oom_score) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != daemon) _exit(0);  // the daemon died before the line above
    setsid();  // Ctrl-C at the daemon's terminal is for the daemon, which then ends its sources
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    if (const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); score >= 0) {
        if (write(score, oom_score.data(), oom_score.size()) < 0) { /* best effort */
        }
    }
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) dup2(null, STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    if (connection == kConnectionFd) {
        fcntl(connection, F_SETFD, 0);
    } else {
        dup2(connection, kConnectionFd);
    }
    syscall(SYS_close_range, kConnectionFd + 1, ~0U, 0);
    execve(program, argv, env);
    static constexpr char kMessage[] = "camtapd: the source program could not be executed\n";
    if (write(STDERR_FILENO, kMessage, sizeof kMessage - 1) < 0) { /* nobody left to tell */
    }
    _exit(127);
}

Result<SpawnedSource> spawn_source(const std::string& program, const std::string& stream,
                                   const std::vector<std::string>& arguments, OutOfMemory turn) {
    const Result<std::vector<char>> message = configure_message(arguments);
    if (!message) return message.error();
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        Error error = system_error("socketpair", errno);
        if (errno == EMFILE || errno == ENFILE) error.code = Code::limit;
        return error;
    }
    SpawnedSource source;
    source.connection.reset(ends[0]);
    const UniqueFd childs_end(ends[1]);
    if (send_bytes(ends[0], message->data(), message->size()) != Sent::yes) {
        return Error{Code::system, 0, "the source's settings could not be sent to it"};
    }
    std::string title = "camtap-source[" + stream + "]";
    char flag[] = "--broker-fd";
    char number[] = "3";
    char* const argv[] = {title.data(), flag, number, nullptr};
    std::vector<char*> env;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (passes_to_source(*variable)) env.push_back(*variable);
    }
    env.push_back(nullptr);
    const std::string oom_score = std::to_string(static_cast<int>(turn));
    const pid_t daemon = getpid();
    source.pid = fork();
    if (source.pid < 0) return system_error("fork", errno);
    if (source.pid == 0) {
        become_source(program.c_str(), argv, env.data(), childs_end.get(), daemon, oom_score);
    }
    source.pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, source.pid, 0)));
    return source;
}

}  // namespace camtap
