#include "memory_use.h"

#include <fstream>
#include <sstream>
#include <string>

namespace camtap::bench {
namespace {

bool begins_mapping(const std::string& line) {
    const size_t dash = line.find('-');
    return dash != std::string::npos && line.find(' ') > dash && line.find(':') > line.find(' ');
}

bool is_shared_memory(const std::string& line) {
    return line.find("/memfd:") != std::string::npos || line.find("/dev/shm/") != std::string::npos;
}

void add(pid_t process, MemoryUse& use) {
    std::ifstream maps("/proc/" + std::to_string(process) + "/smaps");
    bool counts = false;
    bool shared = false;
    for (std::string line; std::getline(maps, line);) {
        if (begins_mapping(line)) {
            counts = line.find("bench-board") == std::string::npos;
            shared = is_shared_memory(line);
        } else if (counts && line.starts_with("Pss:")) {
            uint64_t kib = 0;
            std::istringstream(line.substr(4)) >> kib;
            use.bytes += kib * 1024;
            if (shared) use.shared += kib * 1024;
        }
    }
}

}  // namespace

MemoryUse memory_use(const std::vector<pid_t>& processes) {
    MemoryUse use;
    for (const pid_t process : processes) add(process, use);
    return use;
}

}  // namespace camtap::bench
