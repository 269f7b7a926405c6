// Promise: whatever call of camtap-source's fails, its stream says why and goes on, with the same process or
// with the next one; its taps stay attached, and the daemon never has to kill it.
#include "attempts.h"
#include "victim_daemon.h"

namespace camtap::faults {
namespace {

constexpr const char* kDaemon = "[daemon]\nrestart_delay = \"10 ms\"\n[[stream]]\nname = \"cam\"\n";

constexpr int64_t kPatienceNs = 300'000'000;  // with a picture, before another one is offered

// camtapd in a directory of its own, where camtap-source is a script that starts the real one as a victim.
class ProgramsWithVictim {
  public:
    std::string camtapd(const BoardFile& file) {
        const std::string path = directory_.file("camtapd");
        if (std::filesystem::exists(path)) return path;
        std::error_code other_file_system;
        std::filesystem::create_hard_link(CAMTAPD, path, other_file_system);
        if (other_file_system) std::filesystem::copy_file(CAMTAPD, path);
        std::filesystem::create_directory(directory_.file("source"));
        std::string text = "#!/bin/sh\n";
        for (const std::string& variable : file.environment()) text += variable + " ";
        std::ofstream(directory_.file("source/camtap-source")) << text + "exec " CAMTAP_SOURCE " \"$@\"\n";
        std::filesystem::permissions(directory_.file("source/camtap-source"),
                                     std::filesystem::perms::owner_all);
        return path;
    }

  private:
    test::TemporaryDirectory directory_;
};

class SourceLife {
  public:
    SourceLife(const std::string& program, const std::string& settings)
        : daemon_(program, kDaemon + settings), attempts_([this] { return daemon_.alive(); }) {}
    ~SourceLife() { camtap_tap_close(tap_); }

    // `look_on` takes frames until it has seen enough.
    Outcome live(const std::function<void(SourceLife&)>& look_on) {
        if (!daemon_.start({})) return {Outcome::Kind::wrong, "no daemon\n" + daemon_.log()};
        attempts_.make("cam", "opening the tap", [&] {
            const std::string path = daemon_.socket_path();
            camtap_tap_options options = CAMTAP_INIT(camtap_tap_options);
            options.socket_path = path.c_str();
            options.start_oldest = 1;
            return camtap_tap_open("cam", &options, &tap_);
        });
        look_on(*this);
        if (daemon_.stop() != 0) attempts_.blame("the daemon doesn't end well");
        judge_log();
        if (!attempts_.fault().empty())
            return {Outcome::Kind::wrong, attempts_.fault() + "\n" + attempts_.log() + daemon_.log()};
        return {attempts_.victims() > 0 ? Outcome::Kind::refused : Outcome::Kind::undisturbed,
                attempts_.log()};
    }

    // What a call of next() says; anything but a frame, no frame yet and the end is wrong.
    camtap_error next(int64_t timeout_ns) {
        camtap_frame* frame = nullptr;
        const camtap_error error = camtap_tap_next(tap_, timeout_ns, &frame);
        if (error == CAMTAP_OK) camtap_frame_release(frame);
        if (error != CAMTAP_OK && error != CAMTAP_ERROR_TIMEOUT && error != CAMTAP_ERROR_ENDED)
            attempts_.blame(std::string("next: ") + camtap_last_error());
        if (!daemon_.alive()) attempts_.blame("the daemon has ended");
        return error;
    }
    bool goes_on() const { return attempts_.fault().empty(); }
    void blame(const std::string& fault) { attempts_.blame(fault); }

  private:
    // How its processes ended, by what the daemon says of them.
    void judge_log() {
        const std::string log = daemon_.log();
        for (const char* no_end :
             {"killed by SIG", "gave no frame for", "did not open within", "did not exit"}) {
            if (log.find(no_end) != std::string::npos) attempts_.blame(no_end);
        }
        const bool failed = log.find(" failed: ") != std::string::npos;
        const bool status_alone = log.find("the source exited with status") != std::string::npos;
        const bool said_why = log.find("camtap-source: ") != std::string::npos ||
                              log.find("camtap-source error: ") != std::string::npos;
        if (status_alone && !said_why) attempts_.blame("it ended without a word");
        if (failed || status_alone || log.find("warning: cam: ") != std::string::npos)
            attempts_.refused("cam", "see the log\n" + log);
    }

    VictimDaemon daemon_;
    Attempts attempts_;
    camtap_tap* tap_ = nullptr;
};

void write_picture(const std::string& path) {
    std::ofstream(path + ".part") << "P5 2 2 255\nabcd";
    std::filesystem::rename(path + ".part", path + ".pgm");
}

TEST(Faults, InASourceOfPicturesCostAPause) {
    ProgramsWithVictim programs;
    Campaign("pictures", [&](BoardFile& file) {
        const test::TemporaryDirectory pictures;
        for (const char* name : {"1", "2", "3"}) write_picture(pictures.file(name));
        const std::string settings =
            "source = \"images\"\nfps = 200\nwatch = true\npath = \"" + pictures.path() + "\"\n";
        return SourceLife(programs.camtapd(file), settings).live([&](SourceLife& life) {
            const int64_t deadline = now_ns() + kGuardNs;
            int pictures_there = 3;
            bool late = false;
            for (int seen = 0; seen < 4 && life.goes_on(); seen += late ? 0 : 1) {
                // The fourth; and one more if one couldn't be read, which is skipped for good
                if (seen == 3 || late) write_picture(pictures.file(std::to_string(++pictures_there)));
                late = life.next(kPatienceNs) != CAMTAP_OK;
                if (now_ns() > deadline) life.blame("no pictures any more");
            }
        });
    }).run();
}

TEST(Faults, InASourceOfAPatternCostAPause) {
    ProgramsWithVictim programs;
    Campaign("pattern", [&](BoardFile& file) {
        const std::string settings = "source = \"pattern\"\nwidth = 64\nheight = 48\nfps = 200\nframes = 5\n";
        return SourceLife(programs.camtapd(file), settings).live([&](SourceLife& life) {
            const int64_t deadline = now_ns() + kGuardNs;
            int seen = 0;
            for (camtap_error error = CAMTAP_OK; error != CAMTAP_ERROR_ENDED && life.goes_on();) {
                error = life.next(kGuardNs);
                if (error == CAMTAP_OK) ++seen;
                if (now_ns() > deadline) life.blame("no end");
            }
            if (seen == 0) life.blame("not one frame");
        });
    }).run();
}

}  // namespace
}  // namespace camtap::faults
