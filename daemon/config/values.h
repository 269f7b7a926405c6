// Checked readers: one setting in, the value that it means out. Each error stands at the value and says what
// is allowed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config.h"
#include "daemon/config/file.h"

namespace camtap {

// Longer texts would not fit the message that carries a source's arguments, and none has a reason to be
// longer.
inline constexpr size_t kMaxTextBytes = 4096;

struct Name {
    Position at;
    std::string text;
};

// At the setting's value, under the setting's key.
Error fault(const Setting& setting, std::string_view reason);

Result<bool> read_boolean(const Setting& setting);
Result<uint64_t> read_whole(const Setting& setting, uint64_t min, uint64_t max);
Result<double> read_number(const Setting& setting, double min, double max);

// A number of seconds, or a text with a unit: "500 ms".
Result<Seconds> read_duration(const Setting& setting, Seconds min, Seconds max);

// A number of bytes, or a text with a unit: "256 MiB".
Result<uint64_t> read_size(const Setting& setting, uint64_t min, uint64_t max);

// Not empty, no control characters, not beginning with '-' (it may become a command line's argument).
Result<std::string> read_text(const Setting& setting);

// Made absolute; a relative one is taken from `directory`.
Result<std::string> read_path(const Setting& setting, const std::string& directory);

// One of the given words.
Result<std::string> read_word(const Setting& setting, std::initializer_list<std::string_view> words);

// A list of texts, at most 256.
Result<std::vector<Name>> read_names(const Setting& setting);

// For error texts: the value in quotes if it is short and can't hold a secret (a URL may), else "this".
std::string shown(std::string_view text);

// For error texts: the key if it is a bare word, else "?".
std::string_view printable_key(std::string_view key);

// The shortest text that reads back as the same number: "10", "29.97".
std::string plain_number(double value);

}  // namespace camtap
