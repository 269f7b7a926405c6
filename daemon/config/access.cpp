#include "daemon/config/access.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace camtap {
namespace {

constexpr size_t kMaxNameBytes = 256;
constexpr size_t kMaxRecordBytes = size_t{1} << 20;  // of a group with very many members

// -1 means "no id" to every system call.
template <class Id>
std::optional<Id> numeric_id(const std::string& name) {
    Id id{};
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error != std::errc() || end != name.data() + name.size() || id == static_cast<Id>(-1)) return {};
    return id;
}

// getpwnam_r and getgrnam_r are one function but for their types.
template <class Record, class Id, class Lookup>
Result<Id> find_id(const char* what, const std::string& name, Lookup lookup, Id Record::*id) {
    if (name.size() > kMaxNameBytes) return Error{Code::invalid, 0, std::string("no such ") + what};
    Record record{};
    Record* found = nullptr;
    int err = ERANGE;
    std::vector<char> buffer(4096);
    while ((err = lookup(name.c_str(), &record, buffer.data(), buffer.size(), &found)) == ERANGE &&
           buffer.size() < kMaxRecordBytes) {
        buffer.resize(buffer.size() * 4);
    }
    if (found) return found->*id;
    if (const auto number = numeric_id<Id>(name)) return *number;
    const bool unknown = err == 0 || err == ENOENT || err == ESRCH || err == EBADF || err == EPERM;
    if (unknown) return Error{Code::invalid, 0, std::string("no such ") + what};
    return system_error(std::string("this ") + what + " can't be looked up", err);
}

void append_word(std::string& words, const std::string& word) {
    if (!words.empty()) words += ", ";
    words += word;
}

template <class Id>
void insert_sorted(std::vector<Id>& ids, Id id) {
    const auto place = std::lower_bound(ids.begin(), ids.end(), id);
    if (place == ids.end() || *place != id) ids.insert(place, id);
}

}  // namespace

Result<uid_t> find_user(const std::string& name) {
    return find_id("user", name, getpwnam_r, &passwd::pw_uid);
}

Result<gid_t> find_group(const std::string& name) {
    return find_id("group", name, getgrnam_r, &group::gr_gid);
}

Status AccessBuilder::add_user(const std::string& name) {
    if (name == "*") {
        access_.everybody = true;
        return Done{};
    }
    const auto id = find_user(name);
    if (!id) return id.error();
    insert_sorted(access_.users, *id);
    append_word(user_words_, name);
    return Done{};
}

Status AccessBuilder::add_group(const std::string& name) {
    const auto id = find_group(name);
    if (!id) return id.error();
    insert_sorted(access_.groups, *id);
    append_word(group_words_, name);
    return Done{};
}

Access AccessBuilder::build() const {
    Access access = access_;
    if (access.everybody) {
        access.words = "everybody";
        return access;
    }
    if (!user_words_.empty()) access.words = "users " + user_words_;
    if (!group_words_.empty())
        access.words += (access.words.empty() ? "groups " : "; groups ") + group_words_;
    if (access.words.empty()) access.words = "nobody but root and the daemon's user";
    return access;
}

}  // namespace camtap
