// Which calls can be made to fail, and how: the calls of the C library that camtap's code makes, each with
// the errors that the kernel may answer with. What can't fail for want of anything (close, clock_gettime, a
// timer that is set) isn't here.
#pragma once

#include <errno.h>

#include <cstddef>
#include <cstdint>

namespace camtap::faults {

// X(name, errors...). A name is that of the function, or of what fcntl() or syscall() was asked for.
#define CAMTAP_FAULT_POINTS(X)                                \
    X(malloc, ENOMEM) /* and calloc, realloc, operator new */ \
    X(memfd_create, EMFILE, ENFILE, ENOMEM)                   \
    X(ftruncate, ENOMEM, ENOSPC, EINTR, EPERM)                \
    X(fchmod, EPERM)                                          \
    X(F_ADD_SEALS, EPERM, ENOMEM)                             \
    X(F_SETFL, EPERM)                                         \
    X(F_SETFD, EPERM)                                         \
    X(F_SETLK, EINTR, ENOLCK, EAGAIN)                         \
    X(F_DUPFD_CLOEXEC, EMFILE)                                \
    X(mmap, ENOMEM, EAGAIN, ENFILE, EPERM)                    \
    X(madvise, ENOMEM, EAGAIN, EINTR, EPERM)                  \
    X(mlock, ENOMEM, EAGAIN, EPERM)                           \
    X(fstat, ENOMEM)                                          \
    X(stat, ENOMEM, EPERM)                                    \
    X(lstat, ENOMEM, EPERM)                                   \
    X(access, ENOMEM, EPERM)                                  \
    X(open, EMFILE, ENFILE, ENOMEM, ENOSPC, EINTR, EPERM)     \
    X(openat, EMFILE, ENFILE, ENOMEM, EINTR, EPERM)           \
    X(openat2, EMFILE, ENFILE, ENOMEM, EAGAIN, EPERM)         \
    X(fopen, EMFILE, ENFILE, ENOMEM, EINTR, EPERM)            \
    X(opendir, EMFILE, ENFILE, ENOMEM)                        \
    X(fdopendir, ENOMEM)                                      \
    X(readdir, ENOMEM)                                        \
    X(readlink, ENOMEM, EPERM)                                \
    X(mkdir, ENOSPC, ENOMEM, EPERM)                           \
    X(rename, ENOSPC, ENOMEM, EPERM)                          \
    X(unlink, ENOMEM, EPERM)                                  \
    X(read, EINTR, EAGAIN)                                    \
    X(write, ENOSPC, EINTR, EAGAIN, ENOMEM)                   \
    X(socket, EMFILE, ENFILE, ENOMEM)                         \
    X(socketpair, EMFILE, ENFILE, ENOMEM)                     \
    X(bind, ENOSPC, ENOMEM, EPERM)                            \
    X(listen, ENOMEM)                                         \
    X(connect, EAGAIN, EINTR, ENOMEM, EPERM)                  \
    X(accept4, EMFILE, ENFILE, ENOMEM, EINTR, EAGAIN, EPERM)  \
    X(getsockopt, ENOMEM, EPERM)                              \
    X(setsockopt, ENOMEM, EPERM)                              \
    X(sendmsg, EAGAIN, EINTR, ENOMEM, EPERM)                  \
    X(recvmsg, EAGAIN, EINTR, ENOMEM)                         \
    X(poll, EINTR, EAGAIN, ENOMEM)                            \
    X(ppoll, EINTR, EAGAIN, ENOMEM)                           \
    X(epoll_create1, EMFILE, ENFILE, ENOMEM)                  \
    X(epoll_ctl, ENOMEM, ENOSPC, EPERM)                       \
    X(epoll_wait, EINTR)                                      \
    X(timerfd_create, EMFILE, ENFILE, ENOMEM, EPERM)          \
    X(signalfd, EMFILE, ENFILE, ENOMEM)                       \
    X(eventfd, EMFILE, ENFILE, ENOMEM)                        \
    X(inotify_init1, EMFILE, ENFILE, ENOMEM)                  \
    X(inotify_add_watch, ENOSPC, ENOMEM, EPERM)               \
    X(pidfd_open, EMFILE, ENFILE, ENOMEM, EPERM)              \
    X(futex, EINTR, EAGAIN)                                   \
    X(close_range, EMFILE, ENOMEM)                            \
    X(getrandom, EINTR, EAGAIN)                               \
    X(getrlimit, EPERM)                                       \
    X(setrlimit, EPERM)                                       \
    X(prctl, EPERM)                                           \
    X(fork, EAGAIN, ENOMEM)                                   \
    X(dup2, EMFILE, EINTR)                                    \
    X(execve, ENOMEM, EAGAIN, EPERM)                          \
    X(waitpid, EINTR)                                         \
    X(kill, EPERM)                                            \
    X(pthread_create, EAGAIN, EPERM)                          \
    X(getpwnam_r, EMFILE, ENFILE, ENOMEM, EINTR)              \
    X(getgrnam_r, EMFILE, ENFILE, ENOMEM, EINTR)

enum class Point : uint32_t {
#define CAMTAP_FAULT_ENUMERATOR(name, ...) at_##name,
    CAMTAP_FAULT_POINTS(CAMTAP_FAULT_ENUMERATOR)
#undef CAMTAP_FAULT_ENUMERATOR
        none
};
inline constexpr size_t kPoints = static_cast<size_t>(Point::none);

}  // namespace camtap::faults
