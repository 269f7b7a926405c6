// bounds.toml. The only file here that sees toml++.
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "bounds.h"

namespace camtap::bench {
namespace {

FrameSize size_of(const std::string& name) {
    for (const FrameSize& size : kSizes) {
        if (size.name() == name) return size;
    }
    throw std::runtime_error("there is no size " + name);
}

Placement placement_of(const std::string& name) {
    if (name == "across") return Placement::across;
    if (name == "together") return Placement::together;
    if (name == "free") return Placement::free;
    throw std::runtime_error("cores are \"across\", \"together\" or \"free\", not \"" + name + "\"");
}

template <class T>
T required(const toml::table& table, const char* key) {
    const auto value = table[key].value<T>();
    if (!value) throw std::runtime_error(std::string("a bound needs ") + key);
    return *value;
}

template <class T>
std::vector<T> list(const toml::table& table, const char* key) {
    const toml::array* array = table[key].as_array();
    if (array == nullptr) throw std::runtime_error(std::string("a bound needs ") + key);
    std::vector<T> values;
    for (const toml::node& node : *array) {
        const auto value = node.value<T>();
        if (!value) throw std::runtime_error(std::string("nonsense among ") + key);
        values.push_back(*value);
    }
    return values;
}

Bound bound_of(const toml::table& table) {
    Bound b;
    b.says = required<std::string>(table, "says");
    b.what = required<std::string>(table, "what");
    b.of = required<std::string>(table, "of");
    b.to = table["to"].value_or(std::string());
    for (const std::string& size : list<std::string>(table, "sizes")) b.sizes.push_back(size_of(size));
    b.readers = list<uint32_t>(table, "readers");
    b.placement = placement_of(table["cores"].value_or(std::string("across")));
    b.filled = table["filled"].value_or(false);
    b.copied_out = table["copied_out"].value_or(false);
    b.to_what = table["to_what"].value_or(std::string());
    b.to_readers = table["to_readers"].value<uint32_t>();
    if (const auto size = table["to_size"].value<std::string>()) b.to_size = size_of(*size);
    b.at_least = table["at_least"].value_or(false);
    b.target = table["target"].value<double>();
    b.bound = table["bound"].value<double>();
    return b;
}

[[noreturn]] void fail(const std::string& path, const toml::source_position& at, const std::string& why) {
    throw std::runtime_error(path + ":" + std::to_string(at.line) + ": " + why);
}

}  // namespace

std::vector<Bound> load_bounds(const std::string& path) {
    std::vector<Bound> bounds;
    try {
        const toml::table file = toml::parse_file(path);
        const toml::array* array = file["bound"].as_array();
        if (array == nullptr) throw std::runtime_error(path + " has no [[bound]]");
        for (const toml::node& node : *array) {
            try {
                bounds.push_back(bound_of(*node.as_table()));
            } catch (const std::runtime_error& e) {
                fail(path, node.source().begin, e.what());
            }
        }
    } catch (const toml::parse_error& e) {
        fail(path, e.source().begin, std::string(e.description()));
    }
    return bounds;
}

}  // namespace camtap::bench
