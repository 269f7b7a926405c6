// The only file that includes the TOML parser. It is compiled into this file without exceptions, so that a
// syntax error is a value; and it is never shown a text that it could answer with unbounded recursion.
#include "daemon/config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

// The parser asserts what a broken file doesn't keep ("[~"), and reports it properly a few lines later. With
// NDEBUG it would even have the compiler assume it.
#undef NDEBUG
#define TOML_ASSERT(condition) static_assert(true)
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_MAX_NESTED_VALUES 16
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "common/unique_fd.h"

namespace camtap {
namespace {

constexpr std::string_view kFile = "file";      // in place of a key: the file as a whole
constexpr std::string_view kSyntax = "syntax";  // in place of a key: before there are keys

// Nothing in a configuration nests deeper than a list in a table in a list. What does is cut off here.
constexpr int kMaxNesting = 6;

// Each dot of a dotted key makes a table within a table, which the parser builds and frees by recursion: a
// file of 1 MiB of "a.a.a." would overflow the stack. A dotted key can't leave its line.
constexpr size_t kMaxDotsPerLine = 64;

Error file_error(const char* what, int err) {
    return fault_at({}, kFile, std::string(what) + ": " + std::strerror(err));
}

Result<std::string> read_bytes(const std::string& path) {
    // not blocking, so that a FIFO is refused instead of waited for
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return file_error("can't be opened", errno);
    struct stat s {};
    if (fstat(fd.get(), &s) != 0) return file_error("can't be examined", errno);
    if (S_ISDIR(s.st_mode)) return fault_at({}, kFile, "is a directory, not a file");
    if (!S_ISREG(s.st_mode)) return fault_at({}, kFile, "is not a regular file");

    std::string bytes(kMaxConfigBytes + 1, '\0');
    size_t length = 0;
    while (length < bytes.size()) {
        const ssize_t n = read(fd.get(), bytes.data() + length, bytes.size() - length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return file_error("can't be read", errno);
        if (n == 0) break;
        length += static_cast<size_t>(n);
    }
    if (length > kMaxConfigBytes) return fault_at({}, kFile, "is larger than 1 MiB");
    bytes.resize(length);
    return bytes;
}

bool continues_code_point(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// What the parser itself must not see, or would report badly.
Status check_text(std::string_view text) {
    uint32_t line_number = 0;
    while (!text.empty()) {
        ++line_number;
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));

        if (const size_t nul = line.find('\0'); nul != line.npos) {
            const auto continuing =
                std::count_if(line.begin(), line.begin() + static_cast<ptrdiff_t>(nul), continues_code_point);
            const auto column = static_cast<uint32_t>(nul - static_cast<size_t>(continuing) + 1);
            return fault_at({line_number, column}, kSyntax, "a NUL byte: this is not a text file");
        }
        const size_t start = line.find_first_not_of(" \t");
        if (start == line.npos || line[start] == '#') continue;
        if (std::count(line.begin(), line.end(), '.') > static_cast<ptrdiff_t>(kMaxDotsPerLine)) {
            return fault_at({line_number, 1}, kSyntax, "more than 64 dots in one line");
        }
    }
    return Done{};
}

Position begin_of(const toml::source_region& region) {
    return {std::max<uint32_t>(region.begin.line, 1), std::max<uint32_t>(region.begin.column, 1)};
}

Value converted(const toml::node& node, int nesting);

Value::Table converted_table(const toml::table& table, int nesting) {
    Value::Table settings;
    if (nesting >= kMaxNesting) return settings;
    for (const auto& [key, node] : table) {
        settings.push_back({std::string(key.str()), begin_of(key.source()), converted(node, nesting + 1)});
    }
    // the parser sorts by key; people read, and expect the first error, from the top
    const auto comes_first = [](const Setting& a, const Setting& b) {
        return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
    };
    std::stable_sort(settings.begin(), settings.end(), comes_first);
    return settings;
}

Value::List converted_list(const toml::array& array, int nesting) {
    Value::List values;
    if (nesting >= kMaxNesting) return values;
    for (const toml::node& node : array) values.push_back(converted(node, nesting + 1));
    return values;
}

Value converted(const toml::node& node, int nesting) {
    Value value{begin_of(node.source()), {}};
    if (const auto* boolean = node.as_boolean()) value.data = boolean->get();
    if (const auto* integer = node.as_integer()) value.data = integer->get();
    if (const auto* number = node.as_floating_point()) value.data = number->get();
    if (const auto* text = node.as_string()) value.data = text->get();
    if (const auto* list = node.as_array()) value.data = converted_list(*list, nesting);
    if (const auto* table = node.as_table()) value.data = converted_table(*table, nesting);
    return value;
}

// One line of text. The parser quotes what it met: line ends, and keys; a URL put where a key belongs may
// hold a password.
std::string harmless(std::string_view description) {
    const bool suspicious =
        description.find("://") != description.npos || description.find('@') != description.npos;
    if (suspicious) return "this is not TOML";
    std::string line(description);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    return line;
}

}  // namespace

Error fault_at(Position at, std::string_view key, std::string_view reason) {
    std::string message = std::to_string(at.line) + ":" + std::to_string(at.column) + ": ";
    message.append(key).append(": ").append(reason);
    return Error{Code::invalid, 0, std::move(message)};
}

Result<Value::Table> parse_config_text(std::string_view text) {
    if (auto fit = check_text(text); !fit) return fit.error();
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        return fault_at(begin_of(parsed.error().source()), kSyntax, harmless(parsed.error().description()));
    }
    return converted_table(parsed.table(), 0);
}

Result<Value::Table> read_config_file(const std::string& path) {
    const auto bytes = read_bytes(path);
    if (!bytes) return bytes.error();
    return parse_config_text(*bytes);
}

}  // namespace camtap
