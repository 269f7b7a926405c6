#include "json.h"

#include <charconv>
#include <cmath>

#include "text.h"

namespace camtap::tools {

void JsonWriter::separate() {
    if (!after_key_ && !first_ && !closings_.empty()) text_ += ',';
    first_ = false;
    after_key_ = false;
}

JsonWriter& JsonWriter::open(char opening, char closing) {
    separate();
    text_ += opening;
    closings_.push_back(closing);
    first_ = true;
    return *this;
}

JsonWriter& JsonWriter::end() {
    text_ += closings_.back();
    closings_.pop_back();
    first_ = false;
    return *this;
}

JsonWriter& JsonWriter::raw(std::string_view token) {
    separate();
    text_ += token;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    quote(name);
    text_ += ':';
    after_key_ = true;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
    separate();
    quote(text);
    return *this;
}

JsonWriter& JsonWriter::value(double number) {
    if (!std::isfinite(number)) return null();
    char digits[32];
    const auto [end, error] =
        std::to_chars(digits, digits + sizeof digits, number, std::chars_format::general, 6);
    return raw(std::string_view(digits, static_cast<size_t>(end - digits)));
}

void JsonWriter::quote(std::string_view s) {
    static constexpr char kHex[] = "0123456789abcdef";
    text_ += '"';
    while (!s.empty()) {
        const size_t length = utf8_length(s);
        const auto c = static_cast<unsigned char>(s[0]);
        if (length == 0) {
            text_ += "\\ufffd";
        } else if (c == '"' || c == '\\') {
            (text_ += '\\') += s[0];
        } else if (c < 0x20 || c == 0x7F) {
            ((text_ += "\\u00") += kHex[c >> 4U]) += kHex[c & 0xFU];
        } else {
            text_ += s.substr(0, length);
        }
        s.remove_prefix(length == 0 ? 1 : length);
    }
    text_ += '"';
}

}  // namespace camtap::tools
