// Ranges are checked in the type that holds every input (64 bits, double) before anything is narrowed.
#include "daemon/config/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <span>
#include <system_error>

namespace camtap {
namespace {

constexpr size_t kMaxNames = 256;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53: up to here a double counts in ones

struct Unit {
    std::string_view name;
    double factor;
};
// Fractions of a second as divisions: 100 ms is then the same double as 0.1.
constexpr Unit kTimes[] = {{"s", 1}, {"ms", 1e3}, {"us", 1e6}};
constexpr Unit kLongTimes[] = {{"min", 60}, {"h", 3600}};
constexpr Unit kSizes[] = {{"", 1},
                           {"B", 1},
                           {"kB", 1e3},
                           {"MB", 1e6},
                           {"GB", 1e9},
                           {"KiB", 1024},
                           {"MiB", 1024.0 * 1024},
                           {"GiB", 1024.0 * 1024 * 1024}};

std::string kind_of(const Value& value) {
    static constexpr const char* kKinds[] = {"a date or time", "a boolean", "a whole number", "a number",
                                             "a text",         "a list",    "a table"};
    return kKinds[value.data.index()];
}

Error wrong_kind(const Setting& setting, std::string_view wanted) {
    return fault(setting, "must be " + std::string(wanted) + ", not " + kind_of(setting.value));
}

Error out_of_range(const Setting& setting, const std::string& min, const std::string& max) {
    return fault(setting, "must be from " + min + " to " + max);
}

struct Measure {
    double amount;
    std::string_view unit;
};

// "256 MiB", "500ms", "1.5 GiB", "42"
std::optional<Measure> split_measure(std::string_view text) {
    Measure m{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), m.amount);
    if (error != std::errc() || !std::isfinite(m.amount)) return {};
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    m.unit = text;
    return m;
}

const Unit* find_unit(std::string_view name, std::span<const Unit> units) {
    const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
    return unit == units.end() ? nullptr : &*unit;
}

std::optional<double> seconds_in(std::string_view text) {
    const auto m = split_measure(text);
    if (!m) return {};
    if (const Unit* unit = find_unit(m->unit, kTimes)) return m->amount / unit->factor;
    if (const Unit* unit = find_unit(m->unit, kLongTimes)) return m->amount * unit->factor;
    return {};
}

std::optional<double> bytes_in(std::string_view text) {
    const auto m = split_measure(text);
    const Unit* unit = m ? find_unit(m->unit, kSizes) : nullptr;
    if (!unit) return {};
    return m->amount * unit->factor;
}

std::optional<double> as_number(const Value& value) {
    if (const auto* whole = std::get_if<int64_t>(&value.data)) return static_cast<double>(*whole);
    if (const auto* number = std::get_if<double>(&value.data)) return *number;
    return {};
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

std::string plain_size(uint64_t bytes) {
    static constexpr std::string_view kUnits[] = {" bytes", " KiB", " MiB", " GiB", " TiB"};
    size_t unit = 0;
    while (unit + 1 < std::size(kUnits) && bytes >= 1024 && bytes % 1024 == 0) bytes /= 1024, ++unit;
    return std::to_string(bytes).append(kUnits[unit]);
}

}  // namespace

Error fault(const Setting& setting, std::string_view reason) {
    return fault_at(setting.value.at, setting.key, reason);
}

Result<bool> read_boolean(const Setting& setting) {
    const auto* value = std::get_if<bool>(&setting.value.data);
    if (!value) return wrong_kind(setting, "true or false");
    return *value;
}

Result<uint64_t> read_whole(const Setting& setting, uint64_t min, uint64_t max) {
    const auto* value = std::get_if<int64_t>(&setting.value.data);
    if (!value) return wrong_kind(setting, "a whole number");
    if (*value < 0 || static_cast<uint64_t>(*value) < min || static_cast<uint64_t>(*value) > max) {
        return out_of_range(setting, std::to_string(min), std::to_string(max));
    }
    return static_cast<uint64_t>(*value);
}

Result<double> read_number(const Setting& setting, double min, double max) {
    const auto value = as_number(setting.value);
    if (!value) return wrong_kind(setting, "a number");
    if (!(*value >= min && *value <= max)) {  // so written that it is true for "nan"
        return out_of_range(setting, plain_number(min), plain_number(max));
    }
    return *value;
}

Result<Seconds> read_duration(const Setting& setting, Seconds min, Seconds max) {
    auto value = as_number(setting.value);
    if (const auto* text = std::get_if<std::string>(&setting.value.data)) {
        value = seconds_in(*text);
        if (!value) return fault(setting, "must be a time like \"500 ms\", \"5 s\", \"2 min\" or \"1 h\"");
    }
    if (!value) return wrong_kind(setting, "a number of seconds or a time like \"500 ms\"");
    if (!(*value >= min.count() && *value <= max.count())) {
        return out_of_range(setting, plain_number(min.count()), plain_number(max.count()) + " seconds");
    }
    return Seconds(*value);
}

Result<uint64_t> read_size(const Setting& setting, uint64_t min, uint64_t max) {
    if (std::holds_alternative<int64_t>(setting.value.data)) {
        auto whole = read_whole(setting, min, max);
        if (!whole) return out_of_range(setting, plain_size(min), plain_size(max));
        return whole;
    }
    const auto* text = std::get_if<std::string>(&setting.value.data);
    if (!text) return wrong_kind(setting, "a number of bytes or a size like \"256 MiB\"");
    const auto bytes = bytes_in(*text);
    if (!bytes) return fault(setting, "must be a size like \"64 KiB\", \"256 MiB\" or \"2 GiB\"");
    if (!(*bytes >= 0 && *bytes <= kExactIntegers) || static_cast<uint64_t>(*bytes) < min ||
        static_cast<uint64_t>(*bytes) > max) {
        return out_of_range(setting, plain_size(min), plain_size(max));
    }
    return static_cast<uint64_t>(*bytes);
}

Result<std::string> read_text(const Setting& setting) {
    const auto* text = std::get_if<std::string>(&setting.value.data);
    if (!text) return wrong_kind(setting, "a text");
    if (text->empty()) return fault(setting, "can't be empty");
    if (text->size() > kMaxTextBytes) return fault(setting, "is longer than 4096 bytes");
    if (text->front() == '-') return fault(setting, "can't begin with '-'");
    if (std::any_of(text->begin(), text->end(), is_control))
        return fault(setting, "contains control characters");
    return *text;
}

Result<std::string> read_path(const Setting& setting, const std::string& directory) {
    auto text = read_text(setting);
    if (!text) return text;
    std::string path = (std::filesystem::path(directory) / *text).lexically_normal();
    if (path.size() > kMaxTextBytes) return fault(setting, "makes a path longer than 4096 bytes");
    return path;
}

Result<std::string> read_word(const Setting& setting, std::initializer_list<std::string_view> words) {
    const auto* text = std::get_if<std::string>(&setting.value.data);
    if (text && std::find(words.begin(), words.end(), *text) != words.end()) return *text;

    std::string allowed;
    for (const std::string_view word : words) {
        if (!allowed.empty()) allowed += word == *(words.end() - 1) ? " or " : ", ";
        allowed.append("\"").append(word).append("\"");
    }
    if (!text) return wrong_kind(setting, allowed);
    return fault(setting, "must be " + allowed + ", not " + shown(*text));
}

Result<std::vector<Name>> read_names(const Setting& setting) {
    const auto* list = std::get_if<Value::List>(&setting.value.data);
    if (!list) return wrong_kind(setting, "a list of names");
    if (list->size() > kMaxNames) return fault(setting, "holds more than 256 names");
    std::vector<Name> names;
    for (const Value& value : *list) {
        auto text = read_text(Setting{setting.key, setting.at, value});
        if (!text) return text.error();
        names.push_back({value.at, std::move(*text)});
    }
    return names;
}

std::string shown(std::string_view text) {
    constexpr size_t kShort = 64;
    const bool may_hold_secret = text.find("//") != text.npos || text.find('@') != text.npos;
    if (text.size() > kShort || may_hold_secret || std::any_of(text.begin(), text.end(), is_control))
        return "this";
    return std::string("\"").append(text).append("\"");
}

std::string_view printable_key(std::string_view key) {
    const auto is_bare = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
    };
    constexpr size_t kShort = 64;
    return key.size() <= kShort && std::all_of(key.begin(), key.end(), is_bare) ? key : "?";
}

std::string plain_number(double value) {
    char text[32];
    const auto end = std::to_chars(std::begin(text), std::end(text), value).ptr;
    return std::string(text, end);
}

}  // namespace camtap
