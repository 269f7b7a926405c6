// One TOML file as plain values with their positions: what the rest of the configuration reads, instead of a
// parser's own types. Knows nothing of what the keys mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"

namespace camtap {

inline constexpr size_t kMaxConfigBytes = size_t{1} << 20;

// Both count from 1; a column is a code point, not a byte.
struct Position {
    uint32_t line = 1;
    uint32_t column = 1;
};

struct Setting;

struct Value {
    using List = std::vector<Value>;
    using Table = std::vector<Setting>;  // in the order of the file

    Position at;
    std::variant<std::monostate, bool, int64_t, double, std::string, List, Table>
        data;  // monostate: anything else
};

struct Setting {
    std::string key;
    Position at;  // of the key
    Value value;
};

// The error of everything that reads a file's content: "LINE:COLUMN: KEY: reason". Who knows the path puts it
// in front.
Error fault_at(Position at, std::string_view key, std::string_view reason);

// The top level of the file. Blocks. Errors: invalid, as fault_at() makes them; `file` or `syntax` in place
// of a key. Holds for any bytes whatsoever: never throws, never recurses deeper than a small bound.
Result<Value::Table> read_config_file(const std::string& path);
Result<Value::Table> parse_config_text(std::string_view text);

}  // namespace camtap
