// A program run one instruction at a time under ptrace, to be killed after any of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace camtap::test {

// What the program is about to execute.
struct Place {
    enum class Next { plain, system_call, marker };
    Next next;
    bool ours;                // code of libcamtap or of the program itself; not of another library
    std::string_view module;  // ours: "libcamtap.so" or "victim"
    uint64_t offset;          // … in that file, as addr2line wants it
    uint64_t address;
    static std::string text(std::string_view module, uint64_t offset);
};

// Owns: the child, killed and reaped at the end. Blocking: until the child stops, under a guard. Errors:
// throws std::runtime_error when the child does what no victim does by itself: ends, takes a signal, hangs.
class Stepper {
  public:
    explicit Stepper(const std::vector<std::string>& arguments);
    ~Stepper();
    Stepper(const Stepper&) = delete;
    Stepper& operator=(const Stepper&) = delete;

    // At full speed, to just behind the next marker.
    void run_to_marker();

    const Place& place();

    // Executes one instruction. If that is a system call which sleeps, `asleep` is called once; when it
    // returns false, so does step(), and the child still sleeps: then it can only be killed.
    bool step(const std::function<bool()>& asleep);

    void kill();

  private:
    struct Module {
        uint64_t begin, end, base;  // of its executable pages; of the file's first byte
        std::string_view name;
    };
    void find_modules();
    bool is_asleep() const;
    void expect_trap(int status);
    // Waits for the next stop, or until `give_up` says so (then false).
    bool await_stop(const std::function<bool()>& give_up);

    pid_t pid_ = 0;
    int state_file_ = -1;  // /proc/PID/stat
    std::string program_;
    std::vector<Module> modules_;
    Place place_{};
};

}  // namespace camtap::test
