// The configuration: any text whatsoever as the main file and its drop-ins. It is refused with one line that
// says where, or accepted, and then everything in it is in range, and the source takes the arguments that
// were made of it.
#include "daemon/config.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>

#include "common/check.h"
#include "common/layout.h"
#include "common/stream_name.h"
#include "daemon/config/file.h"
#include "daemon/source/options.h"

namespace camtap::fuzz {
namespace {

namespace fs = std::filesystem;

// A line of this begins the next file: in an input, and so in its corpus, files can be read by people.
constexpr std::string_view kNextFile = "\n#### next file\n";
constexpr size_t kMostFiles = 4;

// Owns: a directory with the files of one execution.
class Directory {
  public:
    Directory() {
        std::string pattern = fs::temp_directory_path() / "camtap-fuzz-XXXXXX";
        CAMTAP_CHECK(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
        fs::create_directory(path_ / "camtap.d");
    }
    ~Directory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    fs::path main_file() const { return path_ / "camtap.toml"; }
    void write(size_t number, std::string_view text) const {
        std::ofstream(file(number), std::ios::binary) << text;
    }
    void remove_from(size_t number) const {
        while (fs::remove(file(number))) ++number;
    }

  private:
    fs::path file(size_t number) const {
        return number == 0 ? main_file() : path_ / "camtap.d" / (std::to_string(number) + ".toml");
    }
    fs::path path_;
};

bool one_line(std::string_view text) {
    return !text.empty() && std::none_of(text.begin(), text.end(),
                                         [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

bool in_range(Seconds seconds) {
    return seconds.count() >= 0 && seconds.count() <= 24 * 3600;
}

void check_stream(const StreamConfig& stream) {
    CAMTAP_CHECK(stream_name_fault(stream.name).empty());
    CAMTAP_CHECK(stream.depth >= 1 && stream.max_taps >= 1);
    CAMTAP_CHECK(stream.max_pins >= 2 && stream.max_pins <= layout::kMaxPinWords);
    CAMTAP_CHECK(uint64_t{stream.depth} + uint64_t{stream.max_taps} * stream.max_pins < layout::kMaxSlots);
    CAMTAP_CHECK(stream.max_frame_bytes >= 1 && stream.max_frame_bytes <= uint64_t{1} << 40);
    CAMTAP_CHECK(in_range(stream.stall_timeout) && in_range(stream.open_timeout));
    CAMTAP_CHECK(in_range(stream.stale_after) && in_range(stream.linger));
    CAMTAP_CHECK(std::is_sorted(stream.tap_access.users.begin(), stream.tap_access.users.end()));
    if (stream.source == "publisher") {
        CAMTAP_CHECK(stream.source_arguments.empty());
        return;
    }
    const auto parsed = source::parse_options(stream.source_arguments);
    if (!parsed) std::fprintf(stderr, "%s: %s\n", stream.name.c_str(), parsed.error().message.c_str());
    CAMTAP_CHECK(parsed.ok() && parsed->help.empty() && parsed->options.stream == stream.name);
}

void check(const Config& config) {
    CAMTAP_CHECK(config.daemon.socket.size() <= 107);
    CAMTAP_CHECK(in_range(config.daemon.handshake_timeout));
    CAMTAP_CHECK(config.daemon.restart_delay <= config.daemon.restart_delay_max);
    CAMTAP_CHECK(config.daemon.max_requests_per_second >= 10 && config.daemon.max_connections >= 1);
    std::set<std::string> names;
    for (const StreamConfig& stream : config.streams) {
        CAMTAP_CHECK(names.insert(stream.name).second);
        check_stream(stream);
    }
}

void write_files(const Directory& directory, std::string_view text) {
    size_t number = 0;
    for (;; ++number) {
        const size_t end = number + 1 < kMostFiles ? text.find(kNextFile) : text.npos;
        directory.write(number, text.substr(0, end));
        if (end == text.npos) break;
        text.remove_prefix(end + kNextFile.size());
    }
    directory.remove_from(number + 1);
}

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    using namespace camtap::fuzz;
    static const Directory directory;
    write_files(directory, {reinterpret_cast<const char*>(data), bytes});
    const auto config = camtap::load_config(directory.main_file());
    if (config) {
        check(*config);
    } else {
        CAMTAP_CHECK(config.error().code == camtap::Code::invalid && one_line(config.error().message));
    }
    return 0;
}
