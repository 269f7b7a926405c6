// The files of a configuration: the main one, then its drop-ins; what stands in each, and what must not stand
// twice.
#include "daemon/config.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "daemon/config/file.h"
#include "daemon/config/nearest.h"
#include "daemon/config/tables.h"
#include "daemon/config/values.h"

namespace camtap {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDropInDirectory = "camtap.d";
constexpr std::string_view kTables[] = {"daemon", "stream"};
enum class FileKind { main, drop_in };

std::string text_of(Position at) {
    return std::to_string(at.line) + ":" + std::to_string(at.column);
}

// Collects the streams of all files. Invariant: `config_` is valid as far as it goes.
class ConfigLoader {
  public:
    Status add_file(const std::string& path, FileKind kind) {
        auto added = add_settings(path, kind);
        if (added) return added;
        Error error = added.error();
        error.message.insert(0, path + ":");
        return error;
    }

    Config take() { return std::move(config_); }

  private:
    Status add_settings(const std::string& path, FileKind kind) {
        const auto settings = read_config_file(path);
        if (!settings) return settings.error();
        const std::string directory = fs::path(path).parent_path();
        for (const Setting& setting : *settings) {
            if (auto added = add_setting(setting, path, directory, kind); !added) return added;
        }
        return Done{};
    }

    Status add_setting(const Setting& setting, const std::string& path, const std::string& directory,
                       FileKind kind) {
        if (setting.key == "stream") return add_streams(setting, path, directory);
        if (setting.key != "daemon") return unknown(setting);
        if (kind == FileKind::drop_in) {
            return fault_at(setting.value.at, "daemon",
                            "belongs in the main file; a drop-in only holds streams");
        }
        auto daemon = read_daemon_table(setting.value, directory);
        if (!daemon) return daemon.error();
        config_.daemon = std::move(*daemon);
        return Done{};
    }

    Status add_streams(const Setting& setting, const std::string& path, const std::string& directory) {
        const auto* list = std::get_if<Value::List>(&setting.value.data);
        if (!list) return fault(setting, "must be a list of tables: write [[stream]]");
        for (const Value& value : *list) {
            auto stream = read_stream_table(value, directory);
            if (!stream) return stream.error();
            const std::string place = path + ":" + text_of(value.at);
            const auto [first, is_new] = places_.emplace(stream->name, place);
            if (!is_new) {
                return fault_at(name_position(value), "name",
                                "there is already a stream \"" + stream->name + "\", at " + first->second);
            }
            config_.streams.push_back(std::move(*stream));
        }
        return Done{};
    }

    static Position name_position(const Value& stream) {
        for (const Setting& setting : std::get<Value::Table>(stream.data)) {
            if (setting.key == "name") return setting.value.at;
        }
        return stream.at;
    }

    static Error unknown(const Setting& setting) {
        std::string reason = "unknown key; ";
        const std::string_view near = nearest(setting.key, kTables);
        if (near == "daemon") reason += "did you mean [daemon]?";
        if (near == "stream") reason += "did you mean [[stream]]?";
        if (near.empty()) reason += "everything stands in [daemon] or in a [[stream]]";
        return fault_at(setting.at, printable_key(setting.key), reason);
    }

    Config config_;
    std::map<std::string, std::string> places_;  // of streams, by name: FILE:LINE:COLUMN
};

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};

// Sorted. No directory: no drop-ins. Hidden files are what editors and package managers leave behind.
// Not by std::filesystem, which ends the program where memory runs out (libstdc++ 12).
Result<std::vector<std::string>> drop_ins(const fs::path& directory) {
    std::vector<std::string> paths;
    const std::unique_ptr<DIR, CloseDirectory> entries(opendir(directory.c_str()));
    if (!entries && errno == ENOENT) return paths;
    errno = entries ? 0 : errno;
    while (const dirent* entry = entries ? readdir(entries.get()) : nullptr) {
        const std::string name = entry->d_name;
        if (name.ends_with(".toml") && !name.starts_with('.')) paths.push_back(directory / name);
        errno = 0;
    }
    if (errno != 0) {
        Error fault = fault_at({}, "file", std::string("can't be listed: ") + std::strerror(errno));
        fault.message.insert(0, directory.string() + ":");
        return fault;
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace

Result<Config> load_config(const std::string& path) {
    std::error_code error;
    const fs::path main_file =
        fs::absolute(path, error).lexically_normal();  // fails without a current directory, and for ""
    if (error) return fault_at({}, "file", "can't be found: " + error.message());

    ConfigLoader loader;
    if (auto added = loader.add_file(main_file, FileKind::main); !added) return added.error();
    const auto others = drop_ins(main_file.parent_path() / kDropInDirectory);
    if (!others) return others.error();
    for (const std::string& other : *others) {
        if (auto added = loader.add_file(other, FileKind::drop_in); !added) return added.error();
    }
    return loader.take();
}

}  // namespace camtap
