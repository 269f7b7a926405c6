// A camtapd that is the victim, or whose sources are: it may end before it is ready, and that is an answer.
#pragma once

#include <optional>

#include "attempts.h"
#include "campaign.h"

namespace camtap::faults {

class VictimDaemon {
  public:
    VictimDaemon(std::string program, const std::string& configuration) : program_(std::move(program)) {
        write_config(configuration);
    }
    ~VictimDaemon() {
        if (pidfd_ >= 0) close(pidfd_);
    }
    VictimDaemon(const VictimDaemon&) = delete;
    VictimDaemon& operator=(const VictimDaemon&) = delete;

    void write_config(const std::string& text) const {
        std::ofstream(directory_.file("camtap.toml")) << text;
    }
    void write_drop_in(const std::string& text) const {
        std::filesystem::create_directory(directory_.file("camtap.d"));
        std::ofstream(directory_.file("camtap.d/more.toml")) << text;
    }

    // From now on it is started as by a socket unit: with a socket that listens already.
    void pass_socket() {
        passed_.reset(socket(AF_UNIX, SOCK_SEQPACKET, 0));  // inherited
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket_path().copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(bind(passed_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(passed_.get(), 16), 0);
    }

    // False: it ended, or did nothing at all, before it was ready.
    bool start(std::vector<std::string> environment) {
        const std::string path = directory_.file("notify");
        unlink(path.c_str());
        const int notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(bind(notify, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        environment.push_back("NOTIFY_SOCKET=" + path);
        std::vector<std::string> command;
        if (passed_) {  // in the place, and with the words, that sd_listen_fds(3) tells of
            const std::string fd = std::to_string(passed_.get());
            command = {"/bin/sh", "-c", "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\" 3<&" + fd};
        }
        for (const std::string& word : {program_, std::string("--config"), directory_.file("camtap.toml"),
                                        std::string("--socket"), socket_path()}) {
            command.push_back(word);
        }
        child_ = test::Child(command, environment, directory_.file("log"));
        if (pidfd_ >= 0) close(pidfd_);
        pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, child_.pid(), 0));
        const bool ready = hears_ready(notify);
        close(notify);
        return ready;
    }
    bool alive() const {
        pollfd ended{pidfd_, POLLIN, 0};
        return poll(&ended, 1, 0) == 0;
    }
    std::optional<int> stop() {
        child_.kill(SIGTERM);
        return end_of(child_);
    }
    std::optional<int> end() { return end_of(child_); }

    pid_t pid() const { return child_.pid(); }
    std::string socket_path() const { return directory_.file("camtap.sock"); }
    std::string file(const std::string& name) const { return directory_.file(name); }
    std::string log() const { return text_of(directory_.file("log")); }

  private:
    // What it says first is that it is ready; it may have lost its tongue, and listen all the same.
    bool hears_ready(int notify) const {
        pollfd either[2] = {{notify, POLLIN, 0}, {pidfd_, POLLIN, 0}};
        for (int tries = 0; poll(either, 2, 10) == 0; ++tries) {
            if (log().find("ready: ") != std::string::npos) return true;
            if (tries == kGuardNs / 10'000'000) return false;
        }
        return (either[0].revents & POLLIN) != 0;
    }

    std::string program_;
    test::TemporaryDirectory directory_;
    UniqueFd passed_;
    test::Child child_;
    int pidfd_ = -1;
};

}  // namespace camtap::faults
