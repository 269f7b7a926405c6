// camtap reload: the daemon reads its configuration again; waits for its verdict.
#include <camtap/camtap.hpp>
#include <cstdio>

#include "commands.h"
#include "text.h"

namespace camtap::tools {
namespace {

constexpr int64_t kTimeoutNs =
    30'000'000'000;  // names of users and groups may have to be looked up over a network

int reload(const Asked& asked) {
    camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
    const camtap_error error = camtap_reload(asked.socket_path(), kTimeoutNs, &result);
    if (error == CAMTAP_ERROR_INVALID) {
        complain(result.message[0] != '\0' ? result.message : camtap_last_error());
        complain("The daemon goes on with the configuration that it had. Mend the file and reload again.");
        return kBadConfiguration;
    }
    if (error != CAMTAP_OK) throw Error(error, camtap_last_error());
    std::printf("%s\n", printable(result.message).c_str());
    return kOk;
}

}  // namespace

void add_reload(CLI::App& app, Tool& tool) {
    CLI::App* sub = app.add_subcommand("reload", "have the daemon read its configuration again");
    sub->callback([&tool] { tool.run = [&tool] { return reload(tool.asked); }; });
}

}  // namespace camtap::tools
