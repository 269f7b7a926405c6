// A directory of configuration files for one test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "daemon/config.h"

namespace camtap {

namespace fs = std::filesystem;

// Owns: a directory for one test's files, removed at its end.
class ConfigFiles : public testing::Test {
  protected:
    ConfigFiles() {
        std::string name = fs::temp_directory_path() / "camtap-config-XXXXXX";
        directory_ = mkdtemp(name.data());
        main_file_ = directory_ / "camtap.toml";
    }
    ~ConfigFiles() override { fs::remove_all(directory_); }

    fs::path write(const fs::path& name, std::string_view text) {
        const fs::path path = directory_ / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }

    Config loaded(std::string_view text) {
        write("camtap.toml", text);
        auto config = load_config(main_file_);
        EXPECT_TRUE(config) << config.error().message;
        return config ? *config : Config{};
    }

    // The error without the path of the main file, which is checked here.
    std::string error_of(std::string_view text) {
        write("camtap.toml", text);
        return error_of_files();
    }

    std::string error_of_files() {
        const auto config = load_config(main_file_);
        if (config) return "no error";
        EXPECT_EQ(config.error().code, Code::invalid);
        const std::string& message = config.error().message;
        const std::string prefix = main_file_.string() + ":";
        return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
    }

    fs::path directory_;
    fs::path main_file_;
};

}  // namespace camtap
