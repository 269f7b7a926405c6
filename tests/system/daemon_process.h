// A camtapd of our own for a test: in a directory of its own, with a configuration of its own, ended with the
// test.
#pragma once

#include <camtap/camtap.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "common/unique_fd.h"

extern char** environ;

namespace camtap::test {

using namespace std::chrono_literals;

inline constexpr auto kGuard = 20s;  // how long a test waits for what must happen; no promise about time

// Owns: a directory, removed with everything in it.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "camtap-test-XXXXXX").string();
        path_ = mkdtemp(pattern.data());
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

// Owns: a child process, which is killed and reaped if it still runs.
class Child {
  public:
    Child() = default;
    Child(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
          const std::string& output) {
        std::vector<char*> argv;
        for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
        argv.push_back(nullptr);
        std::vector<char*> env;
        for (const std::string& e : environment) env.push_back(const_cast<char*>(e.c_str()));
        for (char** e = environ; *e != nullptr; ++e) env.push_back(*e);
        env.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        posix_spawn_file_actions_adddup2(&actions, 1, 2);
        const int r = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), env.data());
        posix_spawn_file_actions_destroy(&actions);
        if (r != 0) pid_ = 0;
    }
    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
    Child& operator=(Child&& other) noexcept {
        std::swap(pid_, other.pid_);
        return *this;
    }
    ~Child() {
        if (pid_ > 0) {
            kill(SIGKILL);
            wait();
        }
    }
    pid_t pid() const { return pid_; }
    void kill(int signal) const {
        if (pid_ > 0) ::kill(pid_, signal);
    }
    // Whether it has ended within `seconds`. It is still to be reaped by wait().
    bool ends_within(int seconds) const {
        const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
        pollfd ended{process.get(), POLLIN, 0};
        return poll(&ended, 1, seconds * 1000) == 1;
    }
    // Blocks until it ends; −signal if a signal ended it.
    int wait() {
        int status = 0;
        while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = 0;
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    }

  private:
    pid_t pid_ = 0;
};

// Asks again and again until `condition` holds; for what nobody is told of. False after the guard.
inline bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kGuard;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        poll(nullptr, 0, 5);
    }
    return true;
}

// A camtapd that is ready when start() returns: it says so on a notify socket, as it would to systemd.
class DaemonProcess {
  public:
    explicit DaemonProcess(const std::string& configuration) {
        write_config(configuration);
        start();
    }
    DaemonProcess() = default;  // write_config() and start() by hand
    ~DaemonProcess() {
        end();
        if (testing::Test::HasFailure()) std::fprintf(stderr, "--- camtapd's log\n%s---\n", log().c_str());
    }

    void write_config(const std::string& text) const { std::ofstream(config_path()) << text; }

    void start(const std::string& program = CAMTAPD) {
        const std::string notify_path = directory_.file("notify");
        unlink(notify_path.c_str());
        const int notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        notify_path.copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(bind(notify, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        child_ =
            Child({program, "--config", config_path(), "--socket", socket_path(), "--log-level", "debug"},
                  {"NOTIFY_SOCKET=" + notify_path}, directory_.file("log"));
        ASSERT_GT(child_.pid(), 0);
        std::string said;
        while (said.find("READY=1") == std::string::npos) {
            pollfd ready{notify, POLLIN, 0};
            if (poll(&ready, 1, 20'000) != 1) break;
            char text[4096];
            const ssize_t n = recv(notify, text, sizeof text, 0);
            said.append(text, n > 0 ? static_cast<size_t>(n) : 0);
        }
        close(notify);
        ASSERT_NE(said.find("READY=1"), std::string::npos) << log();
    }
    // In order, for what a sanitizer or a coverage report has to say of it; but at once, which is what the
    // second signal asks for.
    void end() {
        if (child_.pid() <= 0 || child_.ends_within(0)) return;
        child_.kill(SIGCONT);
        for (int i = 0; i < 2; ++i) child_.kill(SIGTERM);
        if (!child_.ends_within(10)) return;
        EXPECT_EQ(child_.wait(), 0) << "camtapd has found a fault with itself";
    }
    int stop(int signal = SIGTERM) {
        child_.kill(signal);
        return child_.wait();
    }

    pid_t pid() const { return child_.pid(); }
    std::string socket_path() const { return directory_.file("camtap.sock"); }
    std::string config_path() const { return directory_.file("camtap.toml"); }
    const TemporaryDirectory& directory() const { return directory_; }
    std::string log() const {
        std::ostringstream text;
        text << std::ifstream(directory_.file("log")).rdbuf();
        return text.str();
    }

    // Lines are written in the background, so this may take a moment.
    bool logs(const std::string& words) const {
        return eventually([&] { return log().find(words) != std::string::npos; });
    }

    // As `camtap info` sees it; all zeros if the daemon doesn't answer.
    camtap_stream_info info(const std::string& stream) const {
        camtap_stream_info* array = nullptr;
        size_t count = 0;
        camtap_stream_info result{};
        const auto r =
            camtap_list_streams(socket_path().c_str(), stream.c_str(), 10'000'000'000, &array, &count);
        if (r == CAMTAP_OK && count == 1) result = array[0];
        camtap_free(array);
        return result;
    }
    std::vector<camtap_tap_info> taps(const std::string& stream) const {
        camtap_tap_info* array = nullptr;
        size_t count = 0;
        std::vector<camtap_tap_info> result;
        const auto r =
            camtap_list_taps(socket_path().c_str(), stream.c_str(), 10'000'000'000, &array, &count);
        if (r == CAMTAP_OK) result.assign(array, array + count);
        camtap_free(array);
        return result;
    }

  private:
    TemporaryDirectory directory_;
    Child child_;
};

}  // namespace camtap::test
