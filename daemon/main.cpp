// camtapd: command line, logging, signals, and the order in which things start and end.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>

#include "common/clock.h"
#include "daemon/broker.h"
#include "daemon/config.h"
#include "daemon/event_log.h"
#include "daemon/memory_reserve.h"
#include "daemon/reloader.h"
#include "daemon/service_status.h"

namespace camtap {
namespace {

// sysexits.h calls it EX_CONFIG. A number of its own, because starting again won't help: see camtapd.service
constexpr int kExitBadConfig = 78;
constexpr int64_t kShutDownNs =
    3 * kNsPerSecond;  // a source that is stuck in the kernel isn't waited for longer

struct CommandLine {
    std::string config = "/etc/camtap/camtap.toml";
    std::string socket;
    std::string log_level;
    bool check_config = false;
};

// Beside this program in the build tree, in ../libexec when installed. Not to be there is no error: streams
// that programs publish need none.
Result<std::string> find_source_program() {
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    if (error) return system_error("finding camtap-source by /proc/self/exe", error.value());
    const std::filesystem::path in_build_tree = self / "source/camtap-source";
    if (access(in_build_tree.c_str(), X_OK) == 0) return in_build_tree.string();
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
        return system_error("looking for " + in_build_tree.string(), errno);
    return (self / "../libexec/camtap/camtap-source").lexically_normal().string();
}

// Numbers 0 to 2 belong to the standard streams, even if whoever started us has closed them: a socket of that
// number would get what we log, and every source would inherit it.
void occupy_standard_descriptors() {
    int fd = -1;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
}

// Each tap takes three descriptors, and the soft limit is 1024 on many systems.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

std::string summary(const ConfigDifference& difference) {
    return fmt::format("streams: {} added, {} changed, {} removed", difference.added, difference.changed,
                       difference.removed);
}

// Everything that lives as long as the loop runs.
class Daemon {
  public:
    Daemon(DaemonContext& context, ListenSocket& listen, const CommandLine& command_line)
        : context_(context),
          config_path_(command_line.config),
          status_([this] { return status_words(); }),
          broker_(context, listen,
                  {.reload_wanted = [this](uint64_t session) { reload(session); },
                   .status_changed = [this] { status_.changed(); }}),
          reloader_(context.loop, command_line.config,
                    [this](Result<Config> loaded) { reloaded(std::move(loaded)); }),
          log_level_is_fixed_(!command_line.log_level.empty()) {}

    Status run(const Config& config) {
        for (const int signal : {SIGTERM, SIGINT}) {
            if (Status added = on_signal(signal, [this] { shut_down(); }); !added) return added;
        }
        if (Status added = on_signal(SIGHUP, [this] { reload(0); }); !added) return added;
        if (Status started = reloader_.start(); !started) return started;
        if (Status started = broker_.start(config.streams); !started) return started;
        if (Status told = status_.ready(context_.loop); !told) return told;
        spdlog::info("ready: {}", status_words());
        return context_.loop.run();
    }

    bool reads_configuration() const { return reloader_.busy(); }

  private:
    Status on_signal(int signal, std::function<void()> callback) {
        auto source = context_.loop.on_signal(signal, std::move(callback));
        if (!source) return source.error();
        signals_.push_back(std::move(*source));
        return Done{};
    }

    std::string status_words() const {
        if (!broker_.has_streams())
            return "no streams yet: add one to " + config_path_ + ", then run camtap reload";
        return broker_.status();
    }

    // `session` waits for the verdict; 0 = nobody (SIGHUP).
    void reload(uint64_t session) {
        if (session != 0) waiting_.push_back(session);
        status_.reloading();
        reloader_.request();
    }

    void reloaded(Result<Config> loaded) {
        if (shutting_down_) return;  // who waits for the verdict sees the daemon go
        auto verdict = wire::make<wire::Verdict>();
        if (loaded) {
            if (loaded->daemon.socket != context_.config.socket)
                spdlog::warn("a new socket path needs a restart");
            loaded->daemon.socket = context_.config.socket;
            context_.config = loaded->daemon;
            if (!log_level_is_fixed_) spdlog::set_level(spdlog::level::from_str(context_.config.log_level));
            const ConfigDifference difference = broker_.reconfigure(loaded->streams);
            verdict.added = difference.added;
            verdict.changed = difference.changed;
            verdict.removed = difference.removed;
            verdict.message.set(summary(difference));
            spdlog::info("configuration reloaded: {}", summary(difference));
        } else {
            verdict.code = static_cast<int32_t>(Code::invalid);
            verdict.message.set(loaded.error().message);
            log_event(spdlog::level::err, &event::kReloadFailed, {},
                      "the configuration stays as it was: " + loaded.error().message);
        }
        for (const uint64_t session : std::exchange(waiting_, {})) broker_.send_verdict(session, verdict);
        status_.reloaded(loaded ? "" : loaded.error().message);
    }

    void shut_down() {
        if (std::exchange(shutting_down_, true)) return context_.loop.stop();  // asked twice: at once
        status_.stopping();
        spdlog::info("stopping");
        if (auto timer = context_.loop.on_timer([this] { context_.loop.stop(); })) {
            shut_down_timer_ = std::move(*timer);
            shut_down_timer_.fire_at(monotonic_ns() + kShutDownNs);
        }
        broker_.shut_down([this] { context_.loop.stop(); });
    }

    DaemonContext& context_;
    const std::string config_path_;
    ServiceStatus status_;
    Broker broker_;
    Reloader reloader_;
    std::vector<EventSource> signals_;
    std::vector<uint64_t> waiting_;
    bool shutting_down_ = false;
    bool log_level_is_fixed_;  // by the command line
    EventSource shut_down_timer_;
};

int fail(const Error& error) {
    spdlog::error("{}", error.message);
    return EXIT_FAILURE;
}

// Until the loop takes them: one that comes while we start is not lost, and doesn't leave the socket behind.
void hold_back_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

// One that a name service holds, say: it mustn't see its program being taken apart.
[[noreturn]] void end_beside_a_thread(ListenSocket& listen, int status) {
    listen.remove();
    spdlog::default_logger()->flush();
    _exit(status);
}

int run(const CommandLine& command_line, Config config) {
    hold_back_signals();
    raise_descriptor_limit();
    signal(SIGPIPE, SIG_IGN);
    const std::string path = !command_line.socket.empty()    ? command_line.socket
                             : !config.daemon.socket.empty() ? config.daemon.socket
                                                             : default_listen_path();
    Result<ListenSocket> listen = ListenSocket::open(path);
    if (!listen) return fail(listen.error());
    if (listen->path() != path) spdlog::warn("systemd passed a socket, so that at {} isn't used", path);
    const std::string numbers = listen->path() + ".sequences";
    Result<SequenceStore> sequences = SequenceStore::open(numbers);
    if (!sequences) {
        spdlog::error("{}; frames are numbered anew, above all numbers before", sequences.error().message);
        sequences = SequenceStore::begin_anew(numbers);
    }
    if (!MemoryReserve::set_up()) return fail(Error{Code::no_memory, 0, "out of memory"});
    Result<EventLoop> loop = EventLoop::create();
    if (!loop) return fail(loop.error());
    Result<std::string> source_program = find_source_program();
    if (!source_program) return fail(source_program.error());
    uint64_t instance = 0;
    if (getrandom(&instance, sizeof instance, 0) != sizeof instance)
        instance = static_cast<uint64_t>(monotonic_ns());
    DaemonContext context{.loop = *loop,
                          .config = config.daemon,
                          .sequences = std::move(*sequences),
                          .instance = instance,
                          .source_program = std::move(*source_program)};
    spdlog::info("camtapd {} listens on {}", CAMTAP_VERSION, listen->path());
    Daemon daemon(context, *listen, command_line);
    const Status ran = daemon.run(config);
    const int status = ran ? EXIT_SUCCESS : fail(ran.error());
    if (daemon.reads_configuration()) end_beside_a_thread(*listen, status);
    return status;
}

}  // namespace
}  // namespace camtap

int main(int argc, char** argv) try {
    camtap::occupy_standard_descriptors();
    camtap::CommandLine command_line;
    CLI::App app{
        "camtapd shares camera frames between programs: one camera, many programs.\n"
        "SIGHUP, or 'camtap reload', has it read its configuration again; SIGTERM and SIGINT end it.",
        "camtapd"};
    app.add_option("--config", command_line.config,
                   "the configuration; files in camtap.d beside it are added")
        ->capture_default_str();
    app.add_option("--socket", command_line.socket,
                   "where clients connect; default: $CAMTAP_SOCKET, /run/camtap/camtap.sock for root, else "
                   "$XDG_RUNTIME_DIR/camtap.sock");
    app.add_option("--log-level", command_line.log_level, "instead of the configuration's log_level")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
    app.add_flag("--check-config", command_line.check_config,
                 "read the configuration, say what is wrong, and end");
    app.set_version_flag("--version", std::string("camtapd ") + CAMTAP_VERSION);
    CLI11_PARSE(app, argc, argv);

    camtap::Result<camtap::Config> config = camtap::load_config(command_line.config);
    if (command_line.check_config) {
        if (!config) {
            std::fprintf(stderr, "%s\n", config.error().message.c_str());
            return camtap::kExitBadConfig;
        }
        std::printf("%s: %zu streams, no error\n", command_line.config.c_str(), config->streams.size());
        return EXIT_SUCCESS;
    }
    const bool log_level_is_set = config.ok() && command_line.log_level.empty();
    camtap::set_up_logging(log_level_is_set                 ? config->daemon.log_level
                           : command_line.log_level.empty() ? "info"
                                                            : command_line.log_level);
    if (!config) {
        spdlog::error("{}", config.error().message);
        return camtap::kExitBadConfig;
    }
    return camtap::run(command_line, std::move(*config));
} catch (const std::exception& e) {  // out of memory, in the end
    std::fprintf(stderr, "camtapd: %s\n", e.what());
    return EXIT_FAILURE;
}
