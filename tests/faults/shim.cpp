// Preloaded into a victim: stands before the C library, counts what camtap's own code calls there, and lets
// one call fail as the board orders. From main() on, and in children until they execute another program.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "board.h"
#include "caller.h"

// What malloc() is in the C library, under names that nobody stands before.
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
}

namespace camtap::faults {
namespace {

Board* board = nullptr;
std::atomic<bool> armed{false};
__attribute__((tls_model("initial-exec"))) thread_local bool within = false;  // calls of our own don't count

__attribute__((constructor)) void begin() {
    const char* const path = getenv(kBoardVariable);
    const int fd = path != nullptr ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void* const page = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (page == MAP_FAILED) return;
    learn_modules();
    (void)called_by_camtap();  // what the unwinder makes once, it makes now
    board = static_cast<Board*>(page);
}

// 0, or the errno to fail with.
int strike(Point point) {
    if (!armed.load(std::memory_order_relaxed) || within) return 0;
    if (board->point != point && board->point != Point::none) return 0;
    within = true;
    int error = 0;
    const int before = errno;
    if (called_by_camtap()) {
        const uint32_t call = board->calls[static_cast<size_t>(point)].fetch_add(1) + 1;
        if (board->point == point && call == board->nth) {
            describe_callers(board->where, sizeof board->where);
            board->hits.fetch_add(1);
            error = board->error;
        }
    }
    errno = before;
    within = false;
    return error;
}

// While it lives, nothing of this thread counts.
class Uncounted {
  public:
    Uncounted() { within = true; }
    ~Uncounted() { within = before_; }

  private:
    const bool before_ = within;
};

template <class Result>
Result fail(int error, Result failure) {
    errno = error;
    return failure;
}

using Main = int (*)(int, char**, char**);
Main victims_main = nullptr;

int counted_main(int argc, char** argv, char** environment) {
    armed = board != nullptr;
    const int status = victims_main(argc, argv, environment);
    armed = false;
    return status;
}

}  // namespace
}  // namespace camtap::faults

using namespace camtap::faults;

// A function `stand_in_NAME` that the linker knows as NAME: so it needn't agree with the headers' noexcept.
#define STAND_IN(result, name, parameters)                                                              \
    extern "C" __attribute__((visibility("default"))) result stand_in_##name parameters __asm__(#name); \
    result stand_in_##name parameters

#define REAL(result, name, parameters) \
    static const auto real = reinterpret_cast<result(*) parameters>(dlsym(RTLD_NEXT, #name))

#define FAULTABLE_AS(point, result, failure, name, parameters, arguments)                     \
    STAND_IN(result, name, parameters) {                                                      \
        REAL(result, name, parameters);                                                       \
        if (const int error = strike(Point::at_##point)) return fail<result>(error, failure); \
        return real arguments;                                                                \
    }
#define FAULTABLE(result, failure, name, parameters, arguments) \
    FAULTABLE_AS(name, result, failure, name, parameters, arguments)
// For those that return the error itself. What they do for themselves doesn't count: when memory fails in the
// middle of looking up a name, glibc 2.36 crashes, whoever asked.
#define FAULTABLE_BY_VALUE(name, parameters, arguments)               \
    STAND_IN(int, name, parameters) {                                 \
        REAL(int, name, parameters);                                  \
        if (const int error = strike(Point::at_##name)) return error; \
        const Uncounted uncounted;                                    \
        return real arguments;                                        \
    }

STAND_IN(int, __libc_start_main,
         (Main program, int argc, char** argv, void (*init)(), void (*fini)(), void (*loader_fini)(),
          void* stack)) {
    REAL(int, __libc_start_main, (Main, int, char**, void (*)(), void (*)(), void (*)(), void*));
    victims_main = program;
    return real(counted_main, argc, argv, init, fini, loader_fini, stack);
}

// ---- memory ----

STAND_IN(void*, malloc, (size_t bytes)) {
    if (const int error = strike(Point::at_malloc)) return fail<void*>(error, nullptr);
    return __libc_malloc(bytes);
}
STAND_IN(void*, calloc, (size_t n, size_t bytes)) {
    if (const int error = strike(Point::at_malloc)) return fail<void*>(error, nullptr);
    return __libc_calloc(n, bytes);
}
STAND_IN(void*, realloc, (void* old, size_t bytes)) {
    if (const int error = strike(Point::at_malloc)) return fail<void*>(error, nullptr);
    return __libc_realloc(old, bytes);
}
STAND_IN(void*, aligned_alloc, (size_t alignment, size_t bytes)) {
    if (const int error = strike(Point::at_malloc)) return fail<void*>(error, nullptr);
    return __libc_memalign(alignment, bytes);
}
FAULTABLE(void*, MAP_FAILED, mmap, (void* at, size_t n, int protection, int flags, int fd, off_t from),
          (at, n, protection, flags, fd, from))
FAULTABLE(int, -1, madvise, (void* at, size_t n, int advice), (at, n, advice))
FAULTABLE(int, -1, mlock, (const void* at, size_t n), (at, n))
FAULTABLE(int, -1, memfd_create, (const char* name, unsigned flags), (name, flags))
FAULTABLE(int, -1, ftruncate, (int fd, off_t n), (fd, n))

// ---- files ----

FAULTABLE(int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
FAULTABLE(int, -1, fstat, (int fd, struct stat* status), (fd, status))
FAULTABLE(int, -1, stat, (const char* path, struct stat* status), (path, status))
FAULTABLE(int, -1, lstat, (const char* path, struct stat* status), (path, status))
FAULTABLE(int, -1, access, (const char* path, int mode), (path, mode))
FAULTABLE(int, -1, open, (const char* path, int flags, mode_t mode), (path, flags, mode))
FAULTABLE_AS(open, int, -1, open64, (const char* path, int flags, mode_t mode), (path, flags, mode))
FAULTABLE(int, -1, openat, (int at, const char* path, int flags, mode_t mode), (at, path, flags, mode))
FAULTABLE_AS(openat, int, -1, openat64, (int at, const char* path, int flags, mode_t mode),
             (at, path, flags, mode))
FAULTABLE(void*, nullptr, fopen, (const char* path, const char* mode), (path, mode))
FAULTABLE_AS(fopen, void*, nullptr, fopen64, (const char* path, const char* mode), (path, mode))
FAULTABLE(DIR*, nullptr, opendir, (const char* path), (path))
FAULTABLE(DIR*, nullptr, fdopendir, (int fd), (fd))
FAULTABLE(dirent*, nullptr, readdir, (DIR * directory), (directory))
FAULTABLE(ssize_t, -1, readlink, (const char* path, char* to, size_t n), (path, to, n))
FAULTABLE(int, -1, mkdir, (const char* path, mode_t mode), (path, mode))
FAULTABLE(int, -1, rename, (const char* from, const char* to), (from, to))
FAULTABLE(int, -1, unlink, (const char* path), (path))
FAULTABLE(ssize_t, -1, read, (int fd, void* to, size_t n), (fd, to, n))
FAULTABLE(ssize_t, -1, write, (int fd, const void* from, size_t n), (fd, from, n))
FAULTABLE(int, -1, dup2, (int from, int to), (from, to))

STAND_IN(int, fcntl, (int fd, int command, long argument)) {
    REAL(int, fcntl, (int, int, long));
    const Point point = command == F_ADD_SEALS       ? Point::at_F_ADD_SEALS
                        : command == F_SETFL         ? Point::at_F_SETFL
                        : command == F_SETFD         ? Point::at_F_SETFD
                        : command == F_SETLK         ? Point::at_F_SETLK
                        : command == F_DUPFD_CLOEXEC ? Point::at_F_DUPFD_CLOEXEC
                                                     : Point::none;
    const int error = point == Point::none ? 0 : strike(point);
    return error != 0 ? fail(error, -1) : real(fd, command, argument);
}

// ---- sockets and events ----

FAULTABLE(int, -1, socket, (int domain, int type, int protocol), (domain, type, protocol))
FAULTABLE(int, -1, socketpair, (int domain, int type, int protocol, int* ends),
          (domain, type, protocol, ends))
FAULTABLE(int, -1, bind, (int fd, const sockaddr* to, socklen_t n), (fd, to, n))
FAULTABLE(int, -1, listen, (int fd, int backlog), (fd, backlog))
FAULTABLE(int, -1, connect, (int fd, const sockaddr* to, socklen_t n), (fd, to, n))
FAULTABLE(int, -1, accept4, (int fd, sockaddr* from, socklen_t* n, int flags), (fd, from, n, flags))
FAULTABLE(int, -1, getsockopt, (int fd, int level, int option, void* value, socklen_t* n),
          (fd, level, option, value, n))
FAULTABLE(int, -1, setsockopt, (int fd, int level, int option, const void* value, socklen_t n),
          (fd, level, option, value, n))
FAULTABLE(ssize_t, -1, sendmsg, (int fd, const msghdr* message, int flags), (fd, message, flags))
FAULTABLE(ssize_t, -1, recvmsg, (int fd, msghdr* message, int flags), (fd, message, flags))
FAULTABLE(int, -1, poll, (pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
FAULTABLE(int, -1, ppoll, (pollfd * fds, nfds_t n, const timespec* timeout, const sigset_t* mask),
          (fds, n, timeout, mask))
FAULTABLE(int, -1, epoll_create1, (int flags), (flags))
FAULTABLE(int, -1, epoll_ctl, (int fd, int what, int of, epoll_event* event), (fd, what, of, event))
FAULTABLE(int, -1, epoll_wait, (int fd, epoll_event* events, int n, int timeout), (fd, events, n, timeout))
FAULTABLE_AS(epoll_wait, int, -1, epoll_pwait2,
             (int fd, epoll_event* events, int n, const timespec* timeout, const sigset_t* mask),
             (fd, events, n, timeout, mask))
FAULTABLE(int, -1, timerfd_create, (int clock, int flags), (clock, flags))
FAULTABLE(int, -1, signalfd, (int fd, const sigset_t* mask, int flags), (fd, mask, flags))
FAULTABLE(int, -1, eventfd, (unsigned count, int flags), (count, flags))
FAULTABLE(int, -1, inotify_init1, (int flags), (flags))
FAULTABLE(int, -1, inotify_add_watch, (int fd, const char* path, uint32_t mask), (fd, path, mask))

// ---- processes, and the rest ----

FAULTABLE(pid_t, -1, fork, (), ())
FAULTABLE(int, -1, execve, (const char* path, char* const* argv, char* const* env), (path, argv, env))
FAULTABLE(pid_t, -1, waitpid, (pid_t pid, int* status, int options), (pid, status, options))
FAULTABLE(int, -1, kill, (pid_t pid, int signal), (pid, signal))
FAULTABLE(int, -1, prctl, (int option, long a, long b, long c, long d), (option, a, b, c, d))
FAULTABLE(int, -1, getrlimit, (int resource, rlimit* limit), (resource, limit))
FAULTABLE(int, -1, setrlimit, (int resource, const rlimit* limit), (resource, limit))
FAULTABLE(ssize_t, -1, getrandom, (void* to, size_t n, unsigned flags), (to, n, flags))
FAULTABLE_BY_VALUE(pthread_create,
                   (pthread_t * thread, const pthread_attr_t* attributes, void* (*run)(void*),
                    void* argument),
                   (thread, attributes, run, argument))
FAULTABLE_BY_VALUE(getpwnam_r, (const char* name, passwd* record, char* buffer, size_t n, passwd** found),
                   (name, record, buffer, n, found))
FAULTABLE_BY_VALUE(getgrnam_r, (const char* name, group* record, char* buffer, size_t n, group** found),
                   (name, record, buffer, n, found))

STAND_IN(long, syscall, (long number, long a, long b, long c, long d, long e, long f)) {
    REAL(long, syscall, (long, long, long, long, long, long, long));
    const Point point = number == SYS_pidfd_open    ? Point::at_pidfd_open
                        : number == SYS_futex       ? Point::at_futex
                        : number == SYS_openat2     ? Point::at_openat2
                        : number == SYS_close_range ? Point::at_close_range
                                                    : Point::none;
    const int error = point == Point::none ? 0 : strike(point);
    return error != 0 ? fail(error, -1L) : real(number, a, b, c, d, e, f);
}
