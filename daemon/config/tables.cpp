// Reads each key by its table, then judges what only several keys together can get wrong.
#include "daemon/config/tables.h"

#include <algorithm>
#include <span>
#include <utility>

#include "common/layout.h"
#include "daemon/config/keys.h"
#include "daemon/config/nearest.h"
#include "daemon/config/values.h"

namespace camtap {
namespace {

const Setting* find(const Value::Table& table, std::string_view key) {
    const auto setting =
        std::find_if(table.begin(), table.end(), [&](const Setting& s) { return s.key == key; });
    return setting == table.end() ? nullptr : &*setting;
}

template <class AnyKey>
const AnyKey* find_key(std::span<const AnyKey> keys, std::string_view name) {
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const AnyKey& k) { return k.name == name; });
    return key == keys.end() ? nullptr : &*key;
}

const SourceKey* find_source_key(std::string_view source, std::string_view name) {
    for (const SourceKey& key : source_keys()) {
        if (key.source == source && key.name == name) return &key;
    }
    return nullptr;
}

// "video", or "images" and "video": the kinds of source that have such a key.
std::string owners_of(std::string_view name) {
    std::string owners;
    const auto append = [&](std::string_view source) {
        if (!owners.empty()) owners += " or ";
        owners.append("source = \"").append(source).append("\"");
    };
    for (const SourceKey& key : source_keys()) {
        if (key.name == name) append(key.source);
    }
    if (find_key(publisher_keys(), name)) append("publisher");
    return owners;
}

Error unknown_key(const Setting& setting, std::span<const std::string_view> known) {
    std::string reason = "unknown key";
    if (const std::string owners = owners_of(setting.key); !owners.empty()) {
        reason += " here; it goes with " + owners;
    } else if (const std::string_view near = nearest(setting.key, known); !near.empty()) {
        reason.append("; did you mean \"").append(near).append("\"?");
    } else {
        reason += "; known are";
        for (size_t i = 0; i < known.size(); ++i) reason.append(i == 0 ? " " : ", ").append(known[i]);
    }
    return fault_at(setting.at, printable_key(setting.key), reason);
}

Status read_common(const Value::Table& table, const std::string& directory, StreamDraft& draft) {
    for (const Setting& setting : table) {
        const auto* key = find_key(stream_keys(), setting.key);
        if (!key && draft.stream.source == "publisher") key = find_key(publisher_keys(), setting.key);
        if (key) {
            if (auto read = key->read(setting, directory, draft); !read) return read;
        } else if (!find_source_key(draft.stream.source, setting.key)) {
            return unknown_key(setting, known_keys(draft.stream.source));
        }
    }
    return Done{};
}

std::string option_of(std::string_view key) {
    std::string option = "--" + std::string(key);
    std::replace(option.begin(), option.end(), '_', '-');
    return option;
}

// In the order of the key table, so that a file with its lines in another order makes the same arguments.
Status read_source_arguments(const Value::Table& table, const std::string& directory, StreamConfig& stream) {
    if (stream.source == "publisher") return Done{};
    auto& arguments = stream.source_arguments;
    arguments = {"--stream", stream.name, "--max-frame-bytes", std::to_string(stream.max_frame_bytes)};
    if (stream.confine) {
        arguments.insert(arguments.end(),
                         {"--confined", "--max-memory", std::to_string(stream.max_source_memory)});
    }
    arguments.push_back(stream.source);
    for (const SourceKey& key : source_keys()) {
        const Setting* setting = key.source == stream.source ? find(table, key.name) : nullptr;
        if (!setting) continue;
        auto value = key.read(*setting, directory);
        if (!value) return value.error();
        if (key.form == SourceKey::Form::flag) {
            if (*value == "on") arguments.push_back(option_of(key.name));
        } else {
            arguments.push_back(option_of(key.name));
            arguments.push_back(std::move(*value));
        }
    }
    return Done{};
}

// At the later one of two settings that exclude each other.
Status check_exclusive(const Value::Table& table, std::string_view a, std::string_view b) {
    const Setting* first = find(table, a);
    const Setting* second = find(table, b);
    if (!first || !second) return Done{};
    if (second < first) std::swap(first, second);
    return fault_at(second->at, second->key, "excludes " + first->key + ": give only one of them");
}

Status check_images(const Value& value, const Value::Table& table) {
    if (!find(table, "path")) return fault_at(value.at, "path", "missing; source = \"images\" needs it");
    if (auto fit = check_exclusive(table, "times", "fps"); !fit) return fit;
    return check_exclusive(table, "times", "watch");
}

Status check_video(const Value& value, const Value::Table& table) {
    constexpr std::string_view kInputs[] = {"path", "url", "device", "pipeline"};
    bool is_there = false;
    for (const std::string_view a : kInputs) {
        is_there = is_there || find(table, a);
        for (const std::string_view b : kInputs) {
            if (a == b) continue;
            if (auto fit = check_exclusive(table, a, b); !fit) return fit;
        }
    }
    if (!is_there) {
        return fault_at(value.at, "path",
                        "missing; source = \"video\" needs one of path, url, device and pipeline");
    }
    for (const std::string_view key : {"width", "height", "fourcc"}) {
        const Setting* setting = find(table, key);
        if (setting && !find(table, "device"))
            return fault(*setting, "is what a device is asked for; here is none");
    }
    for (const auto& [a, b] : {std::pair("width", "height"), std::pair("height", "width")}) {
        if (find(table, a) && !find(table, b))
            return fault(*find(table, a), std::string("needs ") + b + " too");
    }
    return Done{};
}

Status check_inputs(const Value& value, const Value::Table& table, std::string_view source) {
    if (source == "images") return check_images(value, table);
    if (source == "video") return check_video(value, table);
    return Done{};
}

Status check_slots(const Value& value, const Value::Table& table, const StreamConfig& stream) {
    const uint64_t slots =
        stream.depth + layout::kMaxStock + uint64_t{stream.max_taps} * uint64_t{stream.max_pins};
    if (slots <= layout::kMaxSlots) return Done{};
    Position at = value.at;
    std::string_view key = "depth";
    for (const std::string_view candidate : {"depth", "max_pins", "max_taps"}) {
        const Setting* setting = find(table, candidate);
        if (setting) at = setting->value.at, key = setting->key;
    }
    return fault_at(at, key,
                    "depth + " + std::to_string(layout::kMaxStock) + " + max_taps × max_pins makes " +
                        std::to_string(slots) + " slots; at most " + std::to_string(layout::kMaxSlots) +
                        " are possible");
}

Status check_start(const Value::Table& table, const StreamConfig& stream) {
    if (!stream.on_demand || stream.source != "publisher") return Done{};
    return fault(*find(table, "start"),
                 "can't be \"on-demand\" with source = \"publisher\": camtapd doesn't start it");
}

// The kind of source decides which keys there are, so it is read before all others.
Status read_required(const Value& value, const Value::Table& table, StreamDraft& draft) {
    for (const std::string_view name : {"source", "name"}) {
        const Setting* setting = find(table, name);
        if (!setting) return fault_at(value.at, name, "missing; every [[stream]] needs it");
        if (auto read = find_key(stream_keys(), name)->read(*setting, {}, draft); !read) return read;
    }
    return Done{};
}

}  // namespace

Result<DaemonConfig> read_daemon_table(const Value& value, const std::string& directory) {
    const auto* table = std::get_if<Value::Table>(&value.data);
    if (!table) return fault_at(value.at, "daemon", "must be a table: [daemon]");
    DaemonConfig config;
    std::vector<std::string_view> known;
    for (const auto& key : daemon_keys()) known.push_back(key.name);
    for (const Setting& setting : *table) {
        const auto* key = find_key(daemon_keys(), setting.key);
        if (!key) return unknown_key(setting, known);
        if (auto read = key->read(setting, directory, config); !read) return read.error();
    }
    if (config.restart_delay <= config.restart_delay_max) return config;
    const Setting* max = find(*table, "restart_delay_max");
    return fault(max ? *max : *find(*table, "restart_delay"),
                 "restart_delay can't be longer than restart_delay_max");
}

Result<StreamConfig> read_stream_table(const Value& value, const std::string& directory) {
    const auto* table = std::get_if<Value::Table>(&value.data);
    if (!table) return fault_at(value.at, "stream", "must be a table: [[stream]]");
    StreamDraft draft;
    StreamConfig& stream = draft.stream;
    if (auto read = read_required(value, *table, draft); !read) return read.error();
    if (auto read = read_common(*table, directory, draft); !read) return read.error();
    if (auto fit = check_inputs(value, *table, stream.source); !fit) return fit.error();
    if (auto read = read_source_arguments(*table, directory, stream); !read) return read.error();
    if (auto fit = check_slots(value, *table, stream); !fit) return fit.error();
    if (auto fit = check_start(*table, stream); !fit) return fit.error();
    stream.tap_access = draft.tap_access.build();
    stream.publish_access = draft.publish_access.build();
    return stream;
}

}  // namespace camtap
