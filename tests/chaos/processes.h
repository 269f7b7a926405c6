// The processes of a run: started, signalled by pid, reaped, and none left behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>

namespace camtap::chaos {

// What ends a run, in words.
struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// How long is waited for what must happen; no promise about time.
inline constexpr std::chrono::seconds kPatience{60};
// The same for a call, during which nobody can see that the machine stood still.
inline constexpr std::chrono::seconds kPatienceOfCalls{600};

// Asks again and again until `condition` holds; for what nobody is told of. False when patience is at its
// end, and times in which this process, and so perhaps every process, didn't run don't count much.
bool comes_true(const std::function<bool()>& condition);

// Owns: children, and their orphans (it makes this process their subreaper). Ends them all at its end.
class Processes {
  public:
    Processes();
    ~Processes();
    Processes(const Processes&) = delete;
    Processes& operator=(const Processes&) = delete;

    // A fork of this process, in which only the standard streams are open, and which dies with this one.
    pid_t start(const std::string& name, const std::function<void()>& body);

    void signal(pid_t pid, int signal) const;
    // It is meant to end: by being killed, or by itself with status 0.
    void may_end(pid_t pid) { known_.at(pid).may_end = true; }
    // Kills and reaps it.
    void kill(pid_t pid);

    // Takes note of all who have ended. Throws Failure if one did that wasn't meant to.
    void reap();
    bool runs(pid_t pid) const { return known_.contains(pid); }

  private:
    struct Known {
        std::string name;
        bool may_end = false;
        bool is_killed = false;
    };
    void judge(const Known& process, pid_t pid, int status) const;

    std::map<pid_t, Known> known_;
};

// How much a process holds.
struct Holdings {
    size_t descriptors = 0;
    size_t memfds = 0;  // mapped
    size_t children = 0;
    bool operator==(const Holdings&) const = default;
    std::string words() const;
};
Holdings holdings_of(pid_t pid);
std::string state_of(pid_t pid);  // "S (sleeping)", and where in the kernel
size_t private_kib(pid_t pid);    // of memory: what only this process has
std::vector<pid_t> children_of(pid_t pid);

}  // namespace camtap::chaos
