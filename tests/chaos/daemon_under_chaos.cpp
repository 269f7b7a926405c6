#include "daemon_under_chaos.h"

#include <sys/socket.h>
#include <sys/un.h>

namespace camtap::chaos {

Settings Settings::changed(uint32_t value) {
    Settings settings;
    switch (value % 9) {
        case 0:
            settings.pattern_width = 32 + value % 400;
            break;
        case 1:
            settings.pattern_fps = 20 + value % 200;
            break;
        case 2:
            settings.published_depth = 1 + value / 9 % 8;
            break;
        case 3:
            settings.has_demand = false;
            break;
        case 4:
            settings.has_published = false;
            break;
        case 5:
            settings.stale_after = "100 ms";
            break;
        case 6:
            settings.is_on_demand = false;
            break;
        case 7:
            settings.has_demand = settings.has_published = false;
            settings.pattern_width = 64;
            break;
        default:
            settings.stale_after = "2 s";
            settings.published_depth = 1;
            settings.pattern_width = 321;
            settings.is_on_demand = false;
    }
    return settings;
}

std::string Settings::text() const {
    std::ostringstream text;
    text << "[daemon]\nhandshake_timeout = 2\nrestart_delay = \"20 ms\"\nrestart_delay_max = \"200 ms\"\n";
    const auto stream = [&](const char* name, const char* source) {
        text << "[[stream]]\nname = \"" << name << "\"\nsource = \"" << source
             << "\"\nmax_pins = " << kMaxPins << "\nstale_after = \"" << stale_after
             << "\"\nstall_timeout = \"2 s\"\n";
    };
    stream("pattern", "pattern");
    text << "format = \"gray8\"\nwidth = " << pattern_width << "\nheight = 120\nfps = " << pattern_fps
         << "\ndepth = 8\n";
    if (has_demand) {
        stream("demand", "pattern");
        text << "width = 64\nheight = 48\nfps = 50\ndepth = 2\nlinger = \"100 ms\"\nstart = \""
             << (is_on_demand ? "on-demand" : "always") << "\"\n";
    }
    if (has_published) {
        stream("published", "publisher");
        text << "depth = " << published_depth << "\nmax_taps = " << kPublishedTaps << "\n";
    }
    if (is_broken) text << "[[stream]\n";
    return text.str();
}

void DaemonUnderChaos::write_config() const {
    // in one step: a reload that is under way reads this one or the one before
    std::ofstream(directory_.file("new")) << config_.text();
    std::filesystem::rename(directory_.file("new"), directory_.file("camtap.toml"));
}

// As a service manager would: the socket is there before the daemon and after it.
void DaemonUnderChaos::listen() {
    if (listening_) return;
    listening_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path().copy(address.sun_path, sizeof address.sun_path - 1);
    unlink(address.sun_path);
    if (bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listening_.get(), SOMAXCONN) != 0) {
        throw Failure("the daemon's socket could not be made");
    }
}

void DaemonUnderChaos::execute(Socket socket) const {
    const int log = open(directory_.file("log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(log, 1);
    dup2(log, 2);
    if (socket == Socket::passed) {
        dup2(listening_.get(), 3);
        fcntl(3, F_SETFD, 0);
        setenv("LISTEN_FDS", "1", 1);
        setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    }
    close_range(socket == Socket::passed ? 4 : 3, ~0u, 0);
    execl(CAMTAPD, CAMTAPD, "--config", directory_.file("camtap.toml").c_str(), "--socket",
          socket_path().c_str(), nullptr);
    _exit(127);
}

void DaemonUnderChaos::start(Socket socket) {
    if (config_.is_broken) config_ = Settings();  // no daemon starts with that
    write_config();
    if (socket == Socket::passed) {
        listen();
    } else {
        listening_.reset();
    }
    socket_ = socket;
    pid_ = processes_.start("camtapd", [this, socket] { execute(socket); });
    ++starts_;
    const bool answers = comes_true([&] {
        processes_.reap();
        camtap_stream_info* streams = nullptr;
        size_t count = 0;
        const camtap_error asked =
            camtap_list_streams(socket_path().c_str(), nullptr, 1'000'000'000, &streams, &count);
        camtap_free(streams);
        return asked == CAMTAP_OK;
    });
    if (!answers) throw Failure("camtapd doesn't answer after its start");
}

void DaemonUnderChaos::end() {
    processes_.may_end(pid_);
    processes_.signal(pid_, SIGTERM);
    const bool ended = comes_true([&] {
        processes_.reap();
        return !processes_.runs(pid_);
    });
    if (!ended) throw Failure("camtapd doesn't end after SIGTERM");
    pid_ = 0;
}

void DaemonUnderChaos::kill() {
    processes_.kill(pid_);
    pid_ = 0;
}

void DaemonUnderChaos::configure(const Settings& settings) {
    config_ = settings;
    write_config();
    if (!up()) return;
    camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
    constexpr int64_t kPatienceNs = std::chrono::nanoseconds(kPatienceOfCalls).count();
    const camtap_error verdict = camtap_reload(socket_path().c_str(), kPatienceNs, &result);
    const camtap_error right = settings.is_broken ? CAMTAP_ERROR_INVALID : CAMTAP_OK;
    if (verdict == right) return;
    throw Failure(std::string("the verdict of a reload is ") + camtap_error_name(verdict) + " (" +
                  camtap_last_error() + "), but should be " + camtap_error_name(right));
}

// A socket of its own comes with a lock.
Holdings DaemonUnderChaos::holdings() const {
    Holdings holdings = holdings_of(pid_);
    if (socket_ == Socket::own && holdings.descriptors > 0) --holdings.descriptors;
    return holdings;
}

std::string DaemonUnderChaos::log() const {
    std::ostringstream text;
    text << std::ifstream(directory_.file("log")).rdbuf();
    return text.str();
}

}  // namespace camtap::chaos
