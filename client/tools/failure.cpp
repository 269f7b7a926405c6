#include "failure.h"

#include <camtap/camtap.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "nearest.h"
#include "text.h"

namespace camtap::tools {
namespace {

constexpr size_t kNamesShown = 12;

std::string how_to_start(const Asked& asked) {
    std::string hint = "Start it with 'systemctl start camtapd' or 'camtapd --config FILE'";
    if (asked.socket.empty() && std::getenv("CAMTAP_SOCKET") == nullptr) {
        hint += "; if it listens elsewhere, say where with --socket or CAMTAP_SOCKET";
    }
    return hint + ".";
}

std::string which_exist(const Asked& asked) {
    std::vector<std::string> names;
    try {
        for (const camtap_stream_info& stream : list_streams(asked.socket)) names.emplace_back(stream.name);
    } catch (const Error&) {
        return "'camtap ls' shows which there are.";
    }
    if (names.empty()) return "The daemon's configuration has no streams.";
    names = nearest_first(asked.stream, std::move(names));
    std::string hint = "There are: ";
    for (size_t i = 0; i < names.size() && i < kNamesShown; ++i) hint += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > kNamesShown) hint += " and " + std::to_string(names.size() - kNamesShown) + " more";
    return hint + ".";
}

std::string what_to_do(const Asked& asked, camtap_error error) {
    switch (error) {
        case CAMTAP_ERROR_NO_DAEMON:
            return how_to_start(asked);
        case CAMTAP_ERROR_UNKNOWN_STREAM:
        case CAMTAP_ERROR_GONE:
            return which_exist(asked);
        case CAMTAP_ERROR_VERSION:
            return "Install the camtap command and camtapd of one release.";
        default:
            return {};
    }
}

}  // namespace

void complain(std::string_view text) {
    const std::string line = "camtap: " + printable(text) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
}

ExitCode fail(const Asked& asked, camtap_error error, std::string_view text) {
    // the library's list of streams is in the configuration's order; the one below has the likeliest first
    if (error == CAMTAP_ERROR_UNKNOWN_STREAM) text = text.substr(0, text.find("; there are:"));
    complain(text);
    const std::string hint = what_to_do(asked, error);
    if (!hint.empty()) complain(hint);
    return exit_code(error);
}

int finish_output(int status) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    complain(std::string("writing to stdout failed: ") + std::strerror(errno));
    return status == kOk ? static_cast<int>(kFailed) : status;
}

}  // namespace camtap::tools
