// A camtapd whose sources do what a test wants: it lies beside a program that takes camtap-source's place.
#pragma once

#include <optional>

#include "daemon_process.h"

namespace camtap::test {

// camtapd looks for camtap-source beside itself; so it gets a directory with the other one in it.
class ProgramsWithScriptedSource {
  public:
    ProgramsWithScriptedSource() {
        std::filesystem::create_directory(directory_.file("source"));
        put(CAMTAPD, directory_.file("camtapd"));
        put(SCRIPTED_SOURCE, directory_.file("source/camtap-source"));
    }
    std::string camtapd() const { return directory_.file("camtapd"); }

  private:
    static void put(const std::string& program, const std::string& path) {
        std::error_code other_file_system;
        std::filesystem::create_hard_link(program, path, other_file_system);
        if (other_file_system) std::filesystem::copy_file(program, path);
    }
    TemporaryDirectory directory_;
};

struct ScriptedDaemon : ProgramsWithScriptedSource, DaemonProcess {
    explicit ScriptedDaemon(const std::string& configuration) {
        write_config(configuration);
        start(camtapd());
    }
    camtap_reload_result reload(const std::string& configuration) const {
        write_config(configuration);
        camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
        EXPECT_EQ(camtap_reload(socket_path().c_str(), 20'000'000'000, &result), CAMTAP_OK) << result.message;
        return result;
    }
    bool comes_to(camtap_stream_state state, const std::string& stream = "test") const {
        return eventually([&] { return info(stream).state == static_cast<uint32_t>(state); });
    }
    std::string reason(const std::string& stream = "test") const { return info(stream).reason; }
};

// Owns: a tap by the C interface. (The C++ one and the parts that the daemon is made of have names in
// common.)
class PlainTap {
  public:
    explicit PlainTap(const DaemonProcess& daemon, const std::string& stream = "test") {
        const std::string path = daemon.socket_path();
        camtap_tap_options options = CAMTAP_INIT(camtap_tap_options);
        options.socket_path = path.c_str();
        options.attach_timeout_ns = kGuardNs;
        EXPECT_EQ(camtap_tap_open(stream.c_str(), &options, &tap_), CAMTAP_OK) << camtap_last_error();
    }
    ~PlainTap() { camtap_tap_close(tap_); }
    PlainTap(const PlainTap&) = delete;
    PlainTap& operator=(const PlainTap&) = delete;

    // Takes a frame and lets it go.
    std::optional<camtap_frame_info> next() {
        camtap_frame* frame = nullptr;
        if (camtap_tap_next(tap_, kGuardNs, &frame) != CAMTAP_OK) return std::nullopt;
        const camtap_frame_info info = *camtap_frame_get_info(frame);
        camtap_frame_release(frame);
        return info;
    }

  private:
    static constexpr int64_t kGuardNs = std::chrono::nanoseconds(kGuard).count();
    camtap_tap* tap_ = nullptr;
};

// The configuration of a stream whose source follows `script`.
inline std::string scripted(const std::string& script, const std::string& settings = "",
                            const std::string& name = "test") {
    return "[[stream]]\nname = \"" + name + "\"\nsource = \"video\"\npipeline = \"" + script + "\"\n" +
           settings;
}

}  // namespace camtap::test
