#include "daemon/config/keys.h"

#include <sys/un.h>

#include <filesystem>
#include <type_traits>
#include <utility>

#include "common/layout.h"
#include "common/stream_name.h"
#include "daemon/config/values.h"

namespace camtap {
namespace {

constexpr uint64_t kMaxFrameBytes = uint64_t{1} << 40;  // as Geometry::valid()
constexpr uint64_t kMaxMemoryBytes = uint64_t{1} << 46;
constexpr uint64_t kLeastSourceMemory = uint64_t{64} << 20;  // less, and its libraries can't start
constexpr double kMaxFramesPerSecond = 10000;
constexpr Seconds kShortest{0.001};
constexpr Seconds kLongest{24 * 3600};
constexpr auto kOption = SourceKey::Form::option;
constexpr auto kFlag = SourceKey::Form::flag;

// Ranges were checked, so the cast loses nothing. On an error `into` stays as it was.
template <class From, class To>
Status store(Result<From> read, To& into) {
    if (!read) return read.error();
    if constexpr (std::is_arithmetic_v<To>) {
        into = static_cast<To>(*read);
    } else {
        into = std::move(*read);
    }
    return Done{};
}

Status read_socket(const Setting& s, const std::string& directory, DaemonConfig& c) {
    auto path = read_path(s, directory);
    if (!path) return path.error();
    constexpr size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;
    if (path->size() > kMaxSocketPath)
        return fault(s, "makes a path longer than a socket's may be (107 bytes)");
    c.socket = std::move(*path);
    return Done{};
}

constexpr Key<DaemonConfig> kDaemonKeys[] = {
    {"socket", read_socket},
    {"log_level",
     [](const Setting& s, const std::string&, DaemonConfig& c) {
         return store(read_word(s, {"trace", "debug", "info", "warn", "error", "critical", "off"}),
                      c.log_level);
     }},
    {"max_connections", [](const Setting& s, const std::string&,
                           DaemonConfig& c) { return store(read_whole(s, 1, 65536), c.max_connections); }},
    {"max_connections_per_user",
     [](const Setting& s, const std::string&, DaemonConfig& c) {
         return store(read_whole(s, 1, 65536), c.max_connections_per_user);
     }},
    {"max_requests_per_second",
     [](const Setting& s, const std::string&, DaemonConfig& c) {
         return store(read_whole(s, 10, 1'000'000), c.max_requests_per_second);
     }},
    {"max_memory",
     [](const Setting& s, const std::string&, DaemonConfig& c) {
         return store(read_size(s, layout::kPage, kMaxMemoryBytes), c.max_memory);
     }},
    {"handshake_timeout",
     [](const Setting& s, const std::string&, DaemonConfig& c) {
         return store(read_duration(s, kShortest, kLongest), c.handshake_timeout);
     }},
    {"restart_delay",
     [](const Setting& s, const std::string&, DaemonConfig& c) {
         return store(read_duration(s, kShortest, kLongest), c.restart_delay);
     }},
    {"restart_delay_max",
     [](const Setting& s, const std::string&, DaemonConfig& c) {
         return store(read_duration(s, kShortest, kLongest), c.restart_delay_max);
     }},
};

Status read_name(const Setting& s, const std::string&, StreamDraft& d) {
    const auto* name = std::get_if<std::string>(&s.value.data);
    if (!name) return read_text(s).error();
    if (const auto wrong = stream_name_fault(*name); !wrong.empty()) return fault(s, wrong);
    d.stream.name = *name;
    return Done{};
}

Status read_source(const Setting& s, const std::string&, StreamDraft& d) {
    return store(read_word(s, {"images", "video", "pattern", "publisher"}), d.stream.source);
}

Status read_start(const Setting& s, const std::string&, StreamDraft& d) {
    const auto word = read_word(s, {"always", "on-demand"});
    if (!word) return word.error();
    d.stream.on_demand = *word == "on-demand";
    return Done{};
}

template <AccessBuilder StreamDraft::*access, Status (AccessBuilder::*add)(const std::string&)>
Status read_access(const Setting& s, const std::string&, StreamDraft& d) {
    const auto names = read_names(s);
    if (!names) return names.error();
    for (const Name& name : *names) {
        const auto added = (d.*access.*add)(name.text);
        if (!added) return fault_at(name.at, s.key, shown(name.text) + ": " + added.error().message);
    }
    return Done{};
}

constexpr Key<StreamDraft> kStreamKeys[] = {
    {"name", read_name},
    {"source", read_source},
    {"depth", [](const Setting& s, const std::string&,
                 StreamDraft& d) { return store(read_whole(s, 1, layout::kMaxSlots), d.stream.depth); }},
    {"max_taps",
     [](const Setting& s, const std::string&, StreamDraft& d) {
         return store(read_whole(s, 1, layout::kMaxSlots), d.stream.max_taps);
     }},
    {"max_pins",
     [](const Setting& s, const std::string&, StreamDraft& d) {
         return store(read_whole(s, 2, layout::kMaxPinWords), d.stream.max_pins);
     }},
    {"max_frame_bytes",
     [](const Setting& s, const std::string&, StreamDraft& d) {
         return store(read_size(s, 1, kMaxFrameBytes), d.stream.max_frame_bytes);
     }},
    {"max_memory",
     [](const Setting& s, const std::string&, StreamDraft& d) {
         return store(read_size(s, layout::kPage, kMaxMemoryBytes), d.stream.max_memory);
     }},
    {"stall_timeout",
     [](const Setting& s, const std::string&, StreamDraft& d) {
         return store(read_duration(s, kShortest, kLongest), d.stream.stall_timeout);
     }},
    {"open_timeout",
     [](const Setting& s, const std::string&, StreamDraft& d) {
         return store(read_duration(s, kShortest, kLongest), d.stream.open_timeout);
     }},
    {"stale_after",
     [](const Setting& s, const std::string&, StreamDraft& d) {
         return store(read_duration(s, kShortest, kLongest), d.stream.stale_after);
     }},
    {"start", read_start},
    {"linger", [](const Setting& s, const std::string&,
                  StreamDraft& d) { return store(read_duration(s, Seconds(0), kLongest), d.stream.linger); }},
    {"confine", [](const Setting& s, const std::string&,
                   StreamDraft& d) { return store(read_boolean(s), d.stream.confine); }},
    {"max_source_memory",
     [](const Setting& s, const std::string&, StreamDraft& d) {
         return store(read_size(s, kLeastSourceMemory, kMaxMemoryBytes), d.stream.max_source_memory);
     }},
    {"allow_users", read_access<&StreamDraft::tap_access, &AccessBuilder::add_user>},
    {"allow_groups", read_access<&StreamDraft::tap_access, &AccessBuilder::add_group>},
};

constexpr Key<StreamDraft> kPublisherKeys[] = {
    {"publish_users", read_access<&StreamDraft::publish_access, &AccessBuilder::add_user>},
    {"publish_groups", read_access<&StreamDraft::publish_access, &AccessBuilder::add_group>},
};

Result<std::string> digits(const Result<uint64_t>& number) {
    if (!number) return number.error();
    return std::to_string(*number);
}

Result<std::string> digits(const Result<double>& number) {
    if (!number) return number.error();
    return plain_number(*number);
}

Result<std::string> read_switch(const Setting& s, const std::string&) {
    const auto value = read_boolean(s);
    if (!value) return value.error();
    return std::string(*value ? "on" : "off");
}

Result<std::string> read_rate(const Setting& s, const std::string&) {
    return digits(read_number(s, 0.001, kMaxFramesPerSecond));
}

Result<std::string> read_side(const Setting& s, const std::string&) {
    return digits(read_whole(s, 1, 65535));
}

Result<std::string> read_fourcc(const Setting& s, const std::string&) {
    auto code = read_text(s);
    if (code && code->size() != 4) return fault(s, "must be four characters, like \"MJPG\"");
    return code;
}

Result<std::string> read_url(const Setting& s, const std::string&) {
    auto url = read_text(s);
    if (url && url->find("://") == url->npos) return fault(s, "must be a URL, like rtsp://host/path");
    return url;
}

Result<std::string> read_device(const Setting& s, const std::string& directory) {
    if (std::holds_alternative<int64_t>(s.value.data)) return digits(read_whole(s, 0, 255));
    const auto text = read_text(s);
    if (!text || !text->starts_with('/')) return fault(s, "must be a number or a path like \"/dev/video0\"");
    return read_path(s, directory);
}

constexpr SourceKey kSourceKeys[] = {
    {"images", "path", kOption, read_path},
    {"images", "fps", kOption, read_rate},
    {"images", "times", kOption, read_path},
    {"images", "loop", kFlag, read_switch},
    {"images", "watch", kFlag, read_switch},
    {"images", "max_pixels", kOption,
     [](const Setting& s, const std::string&) { return digits(read_whole(s, 1, kMaxFrameBytes)); }},
    {"images", "max_file_bytes", kOption,
     [](const Setting& s, const std::string&) { return digits(read_size(s, 1, kMaxFrameBytes)); }},
    {"video", "path", kOption, read_path},
    {"video", "url", kOption, read_url},
    {"video", "device", kOption, read_device},
    {"video", "pipeline", kOption, [](const Setting& s, const std::string&) { return read_text(s); }},
    {"video", "backend", kOption,
     [](const Setting& s, const std::string&) {
         return read_word(s, {"any", "ffmpeg", "gstreamer", "v4l2"});
     }},
    {"video", "fps", kOption, read_rate},
    {"video", "width", kOption, read_side},
    {"video", "height", kOption, read_side},
    {"video", "fourcc", kOption, read_fourcc},
    {"video", "loop", kFlag, read_switch},
    {"video", "realtime", kOption, read_switch},
    {"pattern", "width", kOption, read_side},
    {"pattern", "height", kOption, read_side},
    {"pattern", "fps", kOption,
     [](const Setting& s, const std::string&) { return digits(read_number(s, 0, kMaxFramesPerSecond)); }},
    {"pattern", "format", kOption,
     [](const Setting& s, const std::string&) {
         return read_word(s, {"bgr8", "gray8", "bgra8", "gray16"});
     }},
    {"pattern", "frames", kOption,
     [](const Setting& s, const std::string&) { return digits(read_whole(s, 0, uint64_t{1} << 53)); }},
};

constexpr std::string_view kSourceKinds[] = {"images", "video", "pattern", "publisher"};

}  // namespace

std::span<const std::string_view> source_kinds() {
    return kSourceKinds;
}
std::span<const Key<DaemonConfig>> daemon_keys() {
    return kDaemonKeys;
}
std::span<const Key<StreamDraft>> stream_keys() {
    return kStreamKeys;
}
std::span<const Key<StreamDraft>> publisher_keys() {
    return kPublisherKeys;
}
std::span<const SourceKey> source_keys() {
    return kSourceKeys;
}

std::vector<std::string_view> known_keys(std::string_view source) {
    std::vector<std::string_view> names;
    for (const auto& key : kStreamKeys) names.push_back(key.name);
    for (const auto& key : kSourceKeys) {
        if (key.source == source) names.push_back(key.name);
    }
    if (source == "publisher") {
        for (const auto& key : kPublisherKeys) names.push_back(key.name);
    }
    return names;
}

}  // namespace camtap
