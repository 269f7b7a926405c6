// The camtap command. It stays small so that `camtap ls` answers at once: what needs OpenCV, whose codecs and
// windows take a tenth of a second to load, is in a second program, camtap-media, which this one turns into.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "commands.h"

namespace camtap::tools {
namespace {

struct MediaCommand {
    const char* name;
    const char* what;
};
constexpr std::array kMediaCommands = {
    MediaCommand{"save", "write frames into a directory as PNG or JPEG files"},
    MediaCommand{"view", "show a stream in a window"},
    MediaCommand{"publish", "feed a stream whose source is \"publisher\" from a file or directory"},
};

// Where camtap-media may be, as seen from this program: installed, or in the build tree.
int become_media(char** argv) {
    std::error_code error;
    const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    if (error) {
        complain("finding out where this program lies (/proc/self/exe) failed: " + error.message());
        return kFailed;
    }
    std::string tried;
    for (const std::filesystem::path& path : {here / CAMTAP_MEDIA_FROM_BINDIR, here / "camtap-media"}) {
        execv(path.c_str(), argv);
        tried += " " + path.lexically_normal().string() + " (" + std::strerror(errno) + ")";
    }
    complain("the program for this command, camtap-media, doesn't start:" + tried);
    return kFailed;
}

// The subcommands of the other program show up in this one's help.
void add_media_commands(CLI::App& app) {
    for (const MediaCommand& command : kMediaCommands) app.add_subcommand(command.name, command.what);
}

// Seen before anything is parsed, because only the other program knows what may follow. --socket may stand in
// front.
bool is_media_command(int argc, char** argv) {
    int i = 1;
    while (i < argc && std::string_view(argv[i]).starts_with("--socket")) {
        i += std::string_view(argv[i]) == "--socket" ? 2 : 1;
    }
    if (i >= argc) return false;
    return std::any_of(kMediaCommands.begin(), kMediaCommands.end(), [&](const MediaCommand& command) {
        return std::string_view(argv[i]) == command.name;
    });
}

}  // namespace
}  // namespace camtap::tools

int main(int argc, char** argv) {
    using namespace camtap::tools;
    if (is_media_command(argc, argv)) return become_media(argv);
    CLI::App app("Look at the streams of camtapd, the daemon that lets many programs see one camera.",
                 "camtap");
    Tool tool;
    add_common_options(app, tool);
    add_ls(app, tool);
    add_info(app, tool);
    add_top(app, tool);
    add_watch(app, tool);
    add_media_commands(app);
    add_reload(app, tool);
    return parse_and_run(app, tool, argc, argv);
}
