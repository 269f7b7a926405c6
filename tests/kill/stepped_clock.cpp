// The victim's clock: a system call, which is one step. What the kernel maps into each process for this begins anew when
// the kernel's time is updated meanwhile, every few milliseconds, and on a slow machine one that is stepped never gets
// through it.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// In place of the C library's, for libcamtap as well.
extern "C" __attribute__((visibility("default"))) int clock_gettime(clockid_t clock,
                                                                    timespec* time) noexcept {
    return static_cast<int>(syscall(SYS_clock_gettime, clock, time));
}
