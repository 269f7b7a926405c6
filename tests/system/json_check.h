// Is a text one JSON value, and what number stands under a key? Enough to test what the tools print.
#pragma once

#include <cctype>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace camtap::test {

// A recursive-descent reader that keeps nothing: RFC 8259 without depth limit.
class JsonCheck {
  public:
    static bool is_json(std::string_view text) {
        JsonCheck check(text);
        const bool ok = check.value();
        check.space();
        return ok && check.rest_.empty();
    }

  private:
    explicit JsonCheck(std::string_view text) : rest_(text) {}

    void space() {
        while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_[0]) != std::string_view::npos)
            rest_.remove_prefix(1);
    }
    bool take(std::string_view token) {
        space();
        if (rest_.substr(0, token.size()) != token) return false;
        rest_.remove_prefix(token.size());
        return true;
    }
    bool digits() {
        size_t n = 0;
        while (n < rest_.size() && std::isdigit(static_cast<unsigned char>(rest_[n])) != 0) ++n;
        rest_.remove_prefix(n);
        return n > 0;
    }
    bool number() {
        take("-");
        if (!digits()) return false;
        if (rest_.substr(0, 1) == "." && (rest_.remove_prefix(1), !digits())) return false;
        if (rest_.substr(0, 1) == "e" || rest_.substr(0, 1) == "E") {
            rest_.remove_prefix(1);
            if (rest_.substr(0, 1) == "+" || rest_.substr(0, 1) == "-") rest_.remove_prefix(1);
            return digits();
        }
        return true;
    }
    bool string() {
        if (!take("\"")) return false;
        while (!rest_.empty() && rest_[0] != '"') {
            if (static_cast<unsigned char>(rest_[0]) < 0x20) return false;
            const bool is_escape = rest_[0] == '\\';
            rest_.remove_prefix(1);
            if (is_escape && (rest_.empty() || (rest_.remove_prefix(1), false))) return false;
        }
        return take("\"");
    }
    bool members(char closing, bool has_keys) {
        if (take({&closing, 1})) return true;
        do {
            if (has_keys && !(string() && take(":"))) return false;
            if (!value()) return false;
        } while (take(","));
        return take({&closing, 1});
    }
    bool value() {
        space();
        if (take("{")) return members('}', true);
        if (take("[")) return members(']', false);
        if (take("true") || take("false") || take("null")) return true;
        return rest_.substr(0, 1) == "\"" ? string() : number();
    }

    std::string_view rest_;
};

// The first number under `key`, wherever it stands.
inline std::optional<double> number_of(const std::string& json, const std::string& key) {
    const size_t at = json.find("\"" + key + "\":");
    if (at == std::string::npos) return std::nullopt;
    const char* digits = json.c_str() + at + key.size() + 3;
    char* end = nullptr;
    const double number = std::strtod(digits, &end);
    return end == digits ? std::nullopt : std::optional(number);
}

}  // namespace camtap::test
