// A second process that runs a piece of the test itself, and can be told to go on.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

// In a build for coverage only: _exit() leaves out what a process did.
extern "C" void __gcov_dump() __attribute__((weak));

namespace camtap::test {

// Ends a child of the test, which must not run what the test has for its own end.
[[noreturn]] inline void leave(int status) {
    if (__gcov_dump != nullptr) __gcov_dump();
    _exit(status);
}

// Owns: the child, killed and reaped at the end, and a pipe each way.
class Forked {
  public:
    class Child {
      public:
        void say() const { (void)!write(to_parent, "x", 1); }
        void wait() const {
            char c;
            (void)!read(from_parent, &c, 1);
        }
        int to_parent;
        int from_parent;
    };

    // `body` runs in the child, and its result is the child's exit status.
    explicit Forked(const std::function<int(Child&)>& body) {
        int up[2];
        int down[2];
        (void)!pipe(up);
        (void)!pipe(down);
        pid_ = fork();
        if (pid_ == 0) {
            close(up[0]);
            close(down[1]);
            Child child{up[1], down[0]};
            leave(body(child));
        }
        close(up[1]);
        close(down[0]);
        from_child_ = up[0];
        to_child_ = down[1];
    }
    ~Forked() {
        if (pid_ > 0) {
            kill(SIGKILL);
            join();
        }
        close(from_child_);
        close(to_child_);
    }
    Forked(const Forked&) = delete;
    Forked& operator=(const Forked&) = delete;

    void say() const { (void)!write(to_child_, "x", 1); }
    void wait() const {
        char c;
        (void)!read(from_child_, &c, 1);
    }
    pid_t pid() const { return pid_; }
    void kill(int signal) const { ::kill(pid_, signal); }
    // Its exit status; −signal if a signal ended it.
    int join() {
        int status = 0;
        while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = 0;
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    }

  private:
    pid_t pid_;
    int from_child_;
    int to_child_;
};

}  // namespace camtap::test
