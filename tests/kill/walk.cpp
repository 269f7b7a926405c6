#include "walk.h"

#include <algorithm>
#include <cstdio>

namespace camtap::test {
namespace {

constexpr const char* kKindNames[] = {"code", "library", "before_call", "inside_call", "after_call"};

}  // namespace

std::string Point::text() const {
    return std::string(kKindNames[static_cast<size_t>(kind)]) + ":" + std::to_string(n) + ":" +
           std::to_string(depth);
}

std::optional<Point> Point::parse(const std::string& text) {
    char name[16] = {};
    Point point{};
    if (std::sscanf(text.c_str(), "%15[a-z_]:%u:%u", name, &point.n, &point.depth) != 3) return std::nullopt;
    for (size_t i = 0; i < std::size(kKindNames); ++i) {
        point.kind = static_cast<Kind>(i);
        if (kKindNames[i] == std::string(name)) return point;
    }
    return std::nullopt;
}

bool reached(const Point& point, const Position& at) {
    switch (point.kind) {
        case Point::Kind::code:
            return at.new_code && at.code == point.n;
        case Point::Kind::library:
            // a visit that is shorter this time: then where it ends
            return at.place.ours ? at.left_library && at.visit == point.n + 1
                                 : at.visit == point.n && at.depth == point.depth;
        case Point::Kind::before_call:
            return at.place.next == Place::Next::system_call && at.calls == point.n;
        case Point::Kind::after_call:
            return at.after_call && at.calls == point.n + 1;
        case Point::Kind::inside_call:
            return false;
    }
    return false;
}

Walked walk(Stepper& victim, const std::function<bool(const Position&)>& here,
            const std::function<bool(uint32_t call)>& asleep) {
    Position at{};
    uint64_t last_address = 0;
    bool in_library = false;
    for (;;) {
        at.place = victim.place();
        if (at.place.next == Place::Next::marker && at.place.ours) return Walked::to_the_end;
        at.new_code = at.place.ours && at.place.address != last_address;
        at.left_library = at.place.ours && in_library;
        if (at.left_library) ++at.visit;
        if (!at.place.ours) at.depth = in_library ? at.depth + 1 : 0;
        in_library = !at.place.ours;
        if (!here(at)) return Walked::to_the_point;
        if (at.new_code) ++at.code;
        last_address = at.place.address;
        at.after_call = at.place.next == Place::Next::system_call;
        const uint32_t call = at.calls;
        if (!victim.step([&] { return asleep(call); })) return Walked::to_the_point;
        if (at.after_call) ++at.calls;
    }
}

void Trace::add(const Position& at) {
    ++steps_;
    if (at.left_library) points_.push_back({Point::Kind::library, at.visit - 1, last_.depth / 2});
    if (at.new_code) points_.push_back({Point::Kind::code, at.code});
    if (at.after_call) points_.push_back({Point::Kind::after_call, at.calls - 1});
    if (at.place.next == Place::Next::system_call) points_.push_back({Point::Kind::before_call, at.calls});
    last_ = at;
}

void Trace::add_sleep(uint32_t call) {
    points_.push_back({Point::Kind::inside_call, call});
}

std::vector<Point> Trace::sample(size_t code, size_t library, std::mt19937 random) const {
    std::vector<Point> shuffled = points_;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    std::vector<Point> chosen;
    for (const Point& point : shuffled) {
        size_t* wanted = point.kind == Point::Kind::code      ? &code
                         : point.kind == Point::Kind::library ? &library
                                                              : nullptr;
        if (wanted != nullptr && (*wanted)-- == 0) {
            *wanted = 0;
            continue;
        }
        chosen.push_back(point);
    }
    return chosen;
}

}  // namespace camtap::test
