// config/camtap.toml as it would be with every key set.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace camtap {

inline std::filesystem::path config_directory() {
    return std::filesystem::path(CAMTAP_TEST_DATA) / "../../config";
}

// "#key = …" and "#[[stream]]" lose their '#'; prose is "# …".
inline std::string reference_with_every_key_set() {
    std::ifstream file(config_directory() / "camtap.toml");
    std::ostringstream text;
    for (std::string line; std::getline(file, line);) {
        const bool is_setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
        text << (is_setting ? line.substr(1) : line) << '\n';
    }
    return text.str();
}

}  // namespace camtap
