// Promise: whatever call of camtapd's fails, it lives on, and at most one client or one stream is refused
// something, in words, which works the next time; or, while it starts, it says what failed and ends.
#include "frames.h"
#include "tests/system/scripted_daemon.h"
#include "victim_daemon.h"

namespace camtap::faults {
namespace {

const std::string kConfig = R"(
[daemon]
handshake_timeout = "2 s"
restart_delay = "10 ms"
max_requests_per_second = 100000
[[stream]]
name = "out"
source = "publisher"
stale_after = "1 h"
[[stream]]
name = "beside"
source = "publisher"
allow_users = ["root"]
allow_groups = ["root"]
)" + test::scripted("publish=3 stay", "", "cam");

const std::string kMore = "[[stream]]\nname = \"more\"\nsource = \"publisher\"\n";
const std::string kConfigWithMore = kConfig + kMore;

Outcome ended_at_start(VictimDaemon& daemon) {
    const std::optional<int> status = daemon.end();
    const std::string log = daemon.log();
    if (!status) return {Outcome::Kind::wrong, "it hangs at its start\n" + log};
    if (*status <= 0) return {Outcome::Kind::wrong, "it ends with " + std::to_string(*status) + "\n" + log};
    if (log.find(": ") == std::string::npos) return {Outcome::Kind::wrong, "it says nothing\n" + log};
    // What it has left behind must not be in the way
    if (!daemon.start({}) || daemon.stop() != 0)
        return {Outcome::Kind::wrong, "it can't be started again\n" + daemon.log()};
    return {Outcome::Kind::ended, log};
}

// One run of a daemon, from its start to its end.
class DaemonLife {
  public:
    explicit DaemonLife(const std::string& program)
        : daemon_(program, kConfig),
          attempts_([this] { return daemon_.alive(); }),
          beside_(attempts_, daemon_.socket_path(), "beside"),
          out_(attempts_, daemon_.socket_path(), "out") {}

    // `at_rest`: how many descriptors it has when all clients but two have left; 0: not known yet.
    Outcome live(BoardFile& file, size_t& at_rest) {
        if (!daemon_.start(file.environment())) return ended_at_start(daemon_);
        serve(at_rest);
        if (!attempts_.fault().empty()) attempts_.blame(state_of_process());
        const std::optional<int> status = daemon_.stop();
        if (!status) attempts_.blame("it doesn't end");
        if (status && *status != 0) attempts_.blame("its exit status is " + std::to_string(*status));
        if (attempts_.victims() > 1) attempts_.blame("more than one was refused something");
        if (!attempts_.fault().empty())
            return {Outcome::Kind::wrong, attempts_.fault() + "\n" + attempts_.log() + daemon_.log()};
        return {attempts_.victims() > 0 ? Outcome::Kind::refused : Outcome::Kind::undisturbed,
                attempts_.log()};
    }

  private:
    // A daemon that is late may have been stopped, or wait for the disk.
    std::string state_of_process() const {
        const std::string status = text_of("/proc/" + std::to_string(daemon_.pid()) + "/status");
        const size_t at = status.find("State:");
        return at == std::string::npos ? "gone" : status.substr(at, status.find('\n', at) - at);
    }

    void serve(size_t& at_rest) {
        beside_.open();
        expect_beside();
        open_camera();
        take_from_camera();
        restart_camera();
        take_from_camera();
        share_frames();
        expect_beside();
        ask();
        camtap_tap_close(camera_);
        out_.close();
        expect_beside();
        expect_nothing_is_left(at_rest);
        if (info("cam").restarts > 1) attempts_.refused("cam", "was started once more");
    }

    void expect_beside() {
        beside_.publish(16);
        beside_.next();
        if (attempts_.undisturbed("beside") && beside_.missed() > 0) attempts_.blame("beside missed a frame");
    }

    void open_camera() {
        attempts_.make("cam", "opening the tap", [&] {
            const std::string path = daemon_.socket_path();
            camtap_tap_options options = CAMTAP_INIT(camtap_tap_options);
            options.socket_path = path.c_str();
            options.start_oldest = 1;
            return camtap_tap_open("cam", &options, &camera_);
        });
    }
    // A source publishes three frames and then none.
    void take_from_camera() {
        for (int i = 0; i < 3; ++i) {
            attempts_.make("cam", "next", [&] {
                camtap_frame* frame = nullptr;
                const camtap_error error = camtap_tap_next(camera_, kGuardNs, &frame);
                if (error == CAMTAP_OK) camtap_frame_release(frame);
                return error;
            });
        }
    }
    void restart_camera() {
        const int pid = info("cam").publisher_pid;
        if (pid > 0) kill(pid, SIGKILL);
    }

    void share_frames() {
        out_.open();
        out_.publish(16);
        out_.next();
        out_.make_descriptor();
        out_.arm();
        out_.publish(16);
        out_.wait_for_descriptor();
        out_.arm();
        out_.publish(10'000);  // a larger segment
        out_.wait_for_descriptor();
    }

    camtap_stream_info info(const std::string& stream) {
        camtap_stream_info result{};
        attempts_.make("control", "list_streams", [&] {
            camtap_stream_info* streams = nullptr;
            size_t count = 0;
            const camtap_error error = camtap_list_streams(daemon_.socket_path().c_str(), stream.c_str(),
                                                           kGuardNs, &streams, &count);
            if (error == CAMTAP_OK && count == 1) result = streams[0];
            camtap_free(streams);
            return error;
        });
        return result;
    }
    void reload(const std::string& config) {
        daemon_.write_config(config);
        attempts_.make("control", "reload", [&] {
            camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
            return camtap_reload(daemon_.socket_path().c_str(), kGuardNs, &result);
        });
    }
    void ask() {
        attempts_.make("control", "list_taps", [&] {
            camtap_tap_info* taps = nullptr;
            size_t count = 0;
            const camtap_error error =
                camtap_list_taps(daemon_.socket_path().c_str(), nullptr, kGuardNs, &taps, &count);
            camtap_free(taps);
            return error;
        });
        reload(kConfigWithMore);
        (void)info("more");
        reload(kConfig);
    }

    void expect_nothing_is_left(size_t& at_rest) {
        if (!attempts_.fault().empty()) return;
        if (at_rest == 0) {
            poll(nullptr, 0, 200);  // the undisturbed life: whoever left is gone by then
            at_rest = descriptors_of(daemon_.pid());
        } else if (!test::eventually([&] { return descriptors_of(daemon_.pid()) <= at_rest; })) {
            attempts_.blame("it has descriptors left over");
        }
    }

    VictimDaemon daemon_;
    Attempts attempts_;
    Pair beside_;
    Pair out_;
    camtap_tap* camera_ = nullptr;
};

// One that is started by a socket unit, with a drop-in file beside its configuration.
Outcome live_as_service(const std::string& program, BoardFile& file) {
    VictimDaemon daemon(program, "");
    daemon.write_drop_in(kMore);
    daemon.pass_socket();
    if (!daemon.start(file.environment())) return ended_at_start(daemon);
    Attempts attempts([&] { return daemon.alive(); });
    attempts.make("control", "list_streams", [&] {
        camtap_stream_info* streams = nullptr;
        size_t count = 0;
        const camtap_error error =
            camtap_list_streams(daemon.socket_path().c_str(), nullptr, kGuardNs, &streams, &count);
        if (error == CAMTAP_OK && (count != 1 || std::string(streams[0].name) != "more"))
            attempts.blame("it serves something else than is configured");
        camtap_free(streams);
        return error;
    });
    const std::optional<int> status = daemon.stop();
    if (!status || *status != 0) attempts.blame("it doesn't end well");
    if (!attempts.fault().empty())
        return {Outcome::Kind::wrong, attempts.fault() + "\n" + attempts.log() + daemon.log()};
    return {attempts.victims() > 0 ? Outcome::Kind::refused : Outcome::Kind::undisturbed, attempts.log()};
}

TEST(Faults, InADaemonThatSystemdStartsEndItInWordsOrCostOneQuestion) {
    Campaign("daemon started by systemd", [](BoardFile& file) {
        return live_as_service(CAMTAPD, file);
    }).run_all();
}

TEST(Faults, InTheDaemonCostOneClientOrOneStreamAtMost) {
    const test::ProgramsWithScriptedSource programs;
    size_t at_rest = 0;
    Campaign("daemon", [&](BoardFile& file) {
        return DaemonLife(programs.camtapd()).live(file, at_rest);
    }).run();
}

}  // namespace
}  // namespace camtap::faults
