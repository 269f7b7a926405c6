#include "holdings.h"

#include <filesystem>
#include <fstream>

#include "tests/system/raw_client.h"

namespace camtap::test {
namespace {

Holdings holdings_of(const std::string& pid) {
    Holdings holdings;
    const std::filesystem::directory_iterator descriptors("/proc/" + pid + "/fd");
    holdings.descriptors = static_cast<size_t>(std::distance(begin(descriptors), end(descriptors)));
    std::ifstream maps("/proc/" + pid + "/maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.find("memfd:camtap") != std::string::npos) ++holdings.mappings;
    }
    return holdings;
}

}  // namespace

std::string Holdings::text() const {
    return std::to_string(descriptors) + " descriptors and " + std::to_string(mappings) + " mappings";
}

Holdings own_holdings() {
    return holdings_of("self");
}

Holdings daemon_holdings(pid_t pid, const std::string& socket_path) {
    RawClient client(socket_path);
    client.send(RawClient::hello(wire::Role::control));
    client.expect<wire::Welcome>();
    return holdings_of(std::to_string(pid));
}

}  // namespace camtap::test
