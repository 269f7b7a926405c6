// Where in a phase a victim is, counted so that another run can be brought to the same point: runs differ in
// what the C library and the clock do, so steps alone would name another instruction in each run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "stepper.h"

namespace camtap::test {

// "After the n-th instruction of camtap's own code", "in the middle of the n-th visit to a library", "before,
// inside of or after the n-th system call".
struct Point {
    enum class Kind { code, library, before_call, inside_call, after_call };
    Kind kind;
    uint32_t n;
    uint32_t depth = 0;  // library: instructions into the visit

    std::string text() const;
    static std::optional<Point> parse(const std::string& text);
};

// What a walk reports of each instruction that is about to be executed.
struct Position {
    Place place;
    bool new_code;      // ours, and not the repetition of a copying instruction
    uint32_t code;      // ours: instructions of our own before this one
    uint32_t visit;     // not ours: visits to a library before this one
    uint32_t depth;     // … and instructions in it
    uint32_t calls;     // system calls before this instruction
    bool after_call;    // the instruction before was one
    bool left_library;  // ours, and the one before wasn't
};

bool reached(const Point& point, const Position& position);

enum class Walked { to_the_end, to_the_point };

// Steps through a phase. `here` looks at each position, `asleep` is called when system call number n sleeps;
// each returns false to stop right there.
Walked walk(Stepper& victim, const std::function<bool(const Position&)>& here,
            const std::function<bool(uint32_t call)>& asleep);

// The points of a phase, as one run of it shows them.
class Trace {
  public:
    void add(const Position& position);
    void add_sleep(uint32_t call);
    const std::vector<Point>& points() const { return points_; }
    uint64_t steps() const { return steps_; }
    // Every point around a system call, and of the others as many as wanted.
    std::vector<Point> sample(size_t code, size_t library, std::mt19937 random) const;

  private:
    std::vector<Point> points_;
    Position last_{};
    uint64_t steps_ = 0;
};

}  // namespace camtap::test
