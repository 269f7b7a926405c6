#include "daemon/source/redact.h"

#include <strings.h>

#include <array>
#include <cstddef>

namespace camtap::source {

namespace {

constexpr std::string_view kStars = "***";

// What ends a URL in a pipeline or in prose, and the value of a key in either.
bool ends_url(char c) {
    return c == '"' || c == '\'' || static_cast<unsigned char>(c) <= ' ';
}
bool ends_value(char c) {
    return c == '&' || c == ';' || ends_url(c);
}

// Everything up to the *last* '@' of the URL goes: people put unescaped '@' and '/' into passwords, and to
// hide too much (a path with an '@' in it) does less harm than to show too much.
void redact_user_information(std::string& text) {
    for (size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at)) {
        at += 3;
        size_t end = at;
        while (end < text.size() && !ends_url(text[end])) ++end;
        const size_t sign = text.substr(at, end - at).rfind('@');
        if (sign != std::string::npos) text.replace(at, sign, kStars);
    }
}

void redact_values_of(std::string& text, std::string_view key) {
    for (size_t i = 0; i + key.size() <= text.size(); ++i) {
        if (strncasecmp(text.data() + i, key.data(), key.size()) != 0) continue;
        const size_t begin = i + key.size();
        size_t end = begin;
        const bool quoted = begin < text.size() && (text[begin] == '"' || text[begin] == '\'');
        if (quoted) {
            end = text.find(text[begin], begin + 1);
            end = end == std::string::npos ? text.size() : end + 1;
        }
        while (!quoted && end < text.size() && !ends_value(text[end])) ++end;
        text.replace(begin, end - begin, kStars);
        i = begin;
    }
}

}  // namespace

std::string redact(std::string_view text) {
    std::string clean(text);
    redact_user_information(clean);
    constexpr std::array<std::string_view, 6> kKeys = {
        "user-pw=", "password=", "passwd=", "pwd=", "token=", "secret="};
    for (const std::string_view key : kKeys) redact_values_of(clean, key);
    return clean;
}

}  // namespace camtap::source
