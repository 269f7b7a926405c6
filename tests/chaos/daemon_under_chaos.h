// The camtapd that everything happens to: its socket, its own one or one that a service manager would hold;
// its configuration, good, other or broken; its death and return.
#pragma once

#include <camtap/camtap.h>

#include <cstdint>
#include <string>

#include "common/unique_fd.h"
#include "processes.h"
#include "roles.h"
#include "tests/system/daemon_process.h"

namespace camtap::chaos {

// What a reload changes. Streams: "pattern" and "demand" (on demand) have sources, "published" a publisher.
struct Settings {
    uint32_t pattern_width = 160;
    uint32_t pattern_fps = 100;
    uint32_t published_depth = 3;
    std::string stale_after = "500 ms";
    bool is_on_demand = true;
    bool has_demand = true;
    bool has_published = true;
    bool is_broken = false;

    static Settings changed(uint32_t value);
    std::string text() const;
    bool operator==(const Settings&) const = default;
};

// Owns: the process and its directory. Invariant: up() means that it listens and that nobody has told it to
// end.
class DaemonUnderChaos {
  public:
    enum class Socket { own, passed };

    explicit DaemonUnderChaos(Processes& processes) : processes_(processes) {}

    void start(Socket socket);
    void end();  // SIGTERM; waits for it
    void kill();
    void stop() const { processes_.signal(pid_, SIGSTOP); }
    void go_on() const { processes_.signal(pid_, SIGCONT); }
    bool up() const { return pid_ != 0; }
    pid_t pid() const { return pid_; }
    uint64_t starts() const { return starts_; }

    // Writes the configuration; a daemon that is up has to take it or, broken, to refuse it.
    void configure(const Settings& settings);
    void write(const Settings& settings) {
        config_ = settings;
        write_config();
    }
    void hang_up_signal() const { processes_.signal(pid_, SIGHUP); }
    // What was written last.
    const Settings& settings() const { return config_; }

    // The same for each start with the same clients, whosever the socket is.
    Holdings holdings() const;
    std::string socket_path() const { return directory_.file("camtap.sock"); }
    std::string log() const;

  private:
    void write_config() const;
    void listen();
    [[noreturn]] void execute(Socket socket) const;

    Processes& processes_;
    test::TemporaryDirectory directory_;
    Settings config_;
    UniqueFd listening_;  // as the service manager has it, while the daemon is not to have its own
    pid_t pid_ = 0;
    Socket socket_ = Socket::own;
    uint64_t starts_ = 0;
};

}  // namespace camtap::chaos
