// Every key of the configuration in four tables: what it is called, what it accepts, and where its value
// goes. The loader, the "did you mean" and the test of config/camtap.toml all read these tables, so none can
// disagree.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config.h"
#include "daemon/config/access.h"
#include "daemon/config/file.h"

namespace camtap {

struct StreamDraft {
    StreamConfig stream;
    AccessBuilder tap_access;
    AccessBuilder publish_access;
};

// A key whose value goes into the daemon's own configuration. `directory` is where relative paths begin.
template <class Target>
struct Key {
    std::string_view name;
    Status (*read)(const Setting& setting, const std::string& directory, Target& target);
};

// A key that becomes an option of camtap-source: max_pixels → --max-pixels.
struct SourceKey {
    enum class Form { option, flag };

    std::string_view source;  // the one kind of source that has it
    std::string_view name;
    Form form;
    Result<std::string> (*read)(const Setting& setting, const std::string& directory);  // flag: "on" or "off"
};

std::span<const std::string_view> source_kinds();
std::span<const Key<DaemonConfig>> daemon_keys();
std::span<const Key<StreamDraft>> stream_keys();     // of every stream
std::span<const Key<StreamDraft>> publisher_keys();  // only with source = "publisher"
std::span<const SourceKey> source_keys();

// All that a stream with this source may hold.
std::vector<std::string_view> known_keys(std::string_view source);

}  // namespace camtap
