// A writer of JSON text, in the order in which it is told.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace camtap::tools {

// Builds one JSON value. What it makes is always valid JSON and valid UTF-8: strings are escaped, bytes that
// aren't UTF-8 become U+FFFD, and numbers that JSON doesn't know (NaN, infinity) become null.
//
// Invariant: the caller names a key before each value within an object, and closes what it opens.
class JsonWriter {
  public:
    JsonWriter& begin_object() { return open('{', '}'); }
    JsonWriter& begin_array() { return open('[', ']'); }
    JsonWriter& end();  // of the innermost object or array

    JsonWriter& key(std::string_view name);
    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    JsonWriter& value(bool flag) { return raw(flag ? "true" : "false"); }
    JsonWriter& value(double number);  // six significant digits are kept
    template <std::integral Integer>
    JsonWriter& value(Integer number) {
        return raw(std::to_string(number));
    }
    JsonWriter& null() { return raw("null"); }

    template <class Value>
    JsonWriter& member(std::string_view name, const Value& v) {
        return key(name).value(v);
    }

    const std::string& text() const { return text_; }

  private:
    JsonWriter& open(char opening, char closing);
    JsonWriter& raw(std::string_view token);
    void separate();
    void quote(std::string_view s);

    std::string text_;
    std::vector<char> closings_;  // of what is open, outermost first
    bool first_ = true;           // nothing stands yet in the innermost object or array
    bool after_key_ = false;
};

}  // namespace camtap::tools
