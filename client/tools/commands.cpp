#include "commands.h"

#include <camtap/camtap.hpp>
#include <cstdio>
#include <exception>

namespace camtap::tools {

void add_common_options(CLI::App& app, Tool& tool) {
    app.fallthrough();  // --socket may stand after the subcommand, too
    app.add_option(
           "--socket", tool.asked.socket,
           "the daemon's socket; else $CAMTAP_SOCKET, $XDG_RUNTIME_DIR/camtap.sock, /run/camtap/camtap.sock")
        ->type_name("PATH");
    app.set_version_flag("--version", std::string("camtap ") + camtap_version());
    app.require_subcommand(1);
    app.footer(kExitCodesHelp);
}

int parse_and_run(CLI::App& app, Tool& tool, int argc, char** argv) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kOk : kUsage;
    }
    try {
        return finish_output(tool.run());
    } catch (const Error& error) {
        std::fflush(stdout);
        return fail(tool.asked, error.code(), error.what());
    } catch (const std::exception& error) {  // out of memory
        complain(error.what());
        return kFailed;
    }
}

}  // namespace camtap::tools
