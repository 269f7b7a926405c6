// The camtap command. It stays small so that `camtap ls` answers at once: what needs OpenCV, whose codecs and
// windows take a tenth of a second to load, is in a second program, camtap-media, which this one turns into.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

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

// The subcommands of the other program show up in this one's help; what follows them is for the other to
// understand.
void add_media_commands(CLI::App& app, Tool& tool, char** argv) {
    for (const MediaCommand& command : kMediaCommands) {
        CLI::App* sub = app.add_subcommand(command.name, command.what)->prefix_command();
        sub->set_help_flag();
        sub->callback([&tool, argv] { tool.run = [argv] { return become_media(argv); }; });
    }
}

}  // namespace
}  // namespace camtap::tools

int main(int argc, char** argv) {
    using namespace camtap::tools;
    CLI::App app("Look at the streams of camtapd, the daemon that lets many programs see one camera.",
                 "camtap");
    Tool tool;
    add_common_options(app, tool);
    add_ls(app, tool);
    add_info(app, tool);
    add_top(app, tool);
    add_watch(app, tool);
    add_media_commands(app, tool, argv);
    add_reload(app, tool);
    return parse_and_run(app, tool, argc, argv);
}
