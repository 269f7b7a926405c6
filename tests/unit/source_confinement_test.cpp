// Promise: whoever takes over a source through its codec reaches nothing but the source's own stream.
#include "daemon/source/confinement.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

#include "common/unique_fd.h"

namespace camtap::source {
namespace {

constexpr uint64_t kMemory = uint64_t{256} << 20;

// What `attempt` returns in a process of its own that was confined; −1: it couldn't be.
int confined(const std::function<int()>& attempt) {
    const pid_t child = fork();
    if (child == 0) {
        if (!confine(kMemory).ok()) _exit(255);
        _exit(attempt());
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) return -WTERMSIG(status) - 1;
    return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

// errno, 0 = it worked.
int outcome(long result) {
    return result < 0 ? errno : 0;
}

TEST(Confinement, NoUnixSocketButTheOneItHas) {
    EXPECT_EQ(confined([] { return outcome(socket(AF_UNIX, SOCK_SEQPACKET, 0)); }), EACCES);
    // the kernel looks at the lower half of a register
    EXPECT_EQ(confined([] { return outcome(syscall(SYS_socket, (1L << 32) | AF_UNIX, SOCK_SEQPACKET, 0)); }),
              EACCES);
    EXPECT_EQ(confined([] { return outcome(socket(AF_VSOCK, SOCK_STREAM, 0)); }), EACCES);
    EXPECT_EQ(confined([] {
                  int ends[2];
                  return outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
              }),
              0);
}

TEST(Confinement, NetworkCamerasStayInReach) {
    EXPECT_EQ(confined([] { return outcome(socket(AF_INET, SOCK_STREAM, 0)); }), 0);
    EXPECT_EQ(confined([] { return outcome(socket(AF_NETLINK, SOCK_RAW, 0)); }), 0);
}

TEST(Confinement, NoSignalsToOthers) {
    EXPECT_EQ(confined([] { return outcome(kill(getppid(), 0)); }), EPERM);
    EXPECT_EQ(confined([] { return outcome(syscall(SYS_tgkill, getppid(), getppid(), SIGKILL)); }), EPERM);
    EXPECT_EQ(confined([] { return outcome(kill(-1, 0)); }), EPERM);
    EXPECT_EQ(confined([] {
                  const auto parent = static_cast<int>(syscall(SYS_pidfd_open, getppid(), 0));
                  return outcome(syscall(SYS_pidfd_send_signal, parent, SIGKILL, nullptr, 0));
              }),
              EPERM);
    EXPECT_EQ(confined([]() -> int {
                  signal(SIGUSR1, SIG_DFL);
                  raise(SIGUSR1);
                  return 0;
              }),
              -SIGUSR1 - 1)
        << "abort() and raise() work";
}

TEST(Confinement, NoSignalsByWayOfADescriptor) {
    const auto on_a_pipe = [](auto attempt) {
        return confined([attempt] {
            int ends[2];
            return pipe(ends) == 0 ? outcome(attempt(ends[0])) : 255;
        });
    };
    EXPECT_EQ(on_a_pipe([](int fd) { return fcntl(fd, F_SETOWN, getppid()); }), EPERM);
    EXPECT_EQ(on_a_pipe([](int fd) { return fcntl(fd, F_SETSIG, SIGKILL); }), EPERM);
    EXPECT_EQ(on_a_pipe([](int fd) {
                  const f_owner_ex owner{F_OWNER_PID, getppid()};
                  return fcntl(fd, F_SETOWN_EX, &owner);
              }),
              EPERM);
    EXPECT_EQ(on_a_pipe([](int fd) {
                  const pid_t owner = getppid();
                  return ioctl(fd, FIOSETOWN, &owner);
              }),
              EPERM);
    EXPECT_EQ(on_a_pipe([](int fd) { return fcntl(fd, F_SETFL, O_NONBLOCK); }), 0);
}

TEST(Confinement, NoLimitsOrPrioritiesOfOthers) {
    const rlimit none{0, 0};
    EXPECT_EQ(confined([&] { return outcome(prlimit(getppid(), RLIMIT_CPU, &none, nullptr)); }), EPERM);
    const sched_param parameter{};
    EXPECT_EQ(confined([&] { return outcome(sched_setscheduler(getppid(), SCHED_IDLE, &parameter)); }),
              EPERM);
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(0, &cores);
    EXPECT_EQ(confined([&] { return outcome(sched_setaffinity(getppid(), sizeof cores, &cores)); }), EPERM);
    EXPECT_EQ(confined([] { return outcome(setpriority(PRIO_PROCESS, static_cast<id_t>(getppid()), 19)); }),
              EPERM);
    EXPECT_EQ(confined([] { return outcome(setpriority(PRIO_USER, 0, 19)); }), EPERM);
    EXPECT_EQ(confined([] { return outcome(syscall(SYS_ioprio_set, 3 /* user */, 0, 0)); }), EPERM);
    EXPECT_EQ(confined([] { return outcome(setpriority(PRIO_PROCESS, 0, 1)); }), 0);
    EXPECT_EQ(confined([] {
                  rlimit own{};
                  return outcome(getrlimit(RLIMIT_NOFILE, &own));
              }),
              0);
}

TEST(Confinement, NoRightsOfFiles) {
    std::string path = testing::TempDir() + "camtap-confinement-XXXXXX";
    const UniqueFd file(mkstemp(path.data()));
    ASSERT_TRUE(file);
    EXPECT_EQ(confined([&] { return outcome(truncate(path.c_str(), 0)); }), EPERM);
    EXPECT_EQ(confined([&] { return outcome(chmod(path.c_str(), 0)); }), EPERM);
    EXPECT_EQ(confined([&] { return outcome(fchmod(file.get(), 0)); }), EPERM);
    EXPECT_EQ(confined([&] { return outcome(chown(path.c_str(), 1, 1)); }), EPERM);
    EXPECT_EQ(confined([&] { return outcome(utimensat(AT_FDCWD, path.c_str(), nullptr, 0)); }), EPERM);
    unlink(path.c_str());
}

bool has_landlock() {
    return syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

TEST(Confinement, NoFilesButForCachesAndTemporaryOnes) {
    if (!has_landlock()) GTEST_SKIP() << "this kernel has no Landlock";
    std::string path = "camtap-confinement-XXXXXX";  // in the build tree, which is none of these places
    const UniqueFd file(mkstemp(path.data()));
    ASSERT_TRUE(file);
    EXPECT_EQ(confined([&] { return outcome(open(path.c_str(), O_WRONLY)); }), EACCES);
    EXPECT_EQ(confined([&] { return outcome(unlink(path.c_str())); }), EACCES);
    EXPECT_EQ(confined([&] { return outcome(open((path + "2").c_str(), O_WRONLY | O_CREAT, 0600)); }),
              EACCES);
    EXPECT_EQ(confined([&] { return outcome(rename(path.c_str(), (path + "2").c_str())); }), EACCES);
    EXPECT_EQ(confined([&] { return outcome(open(path.c_str(), O_RDONLY)); }), 0);
    EXPECT_EQ(confined([] { return outcome(open("/dev/null", O_RDWR)); }), 0);
    EXPECT_EQ(confined([] {
                  const std::string memory = "/proc/" + std::to_string(getppid()) + "/mem";
                  return outcome(open(memory.c_str(), O_RDONLY));
              }),
              EACCES);
    unlink(path.c_str());
}

TEST(Confinement, NoLookIntoOtherProcesses) {
#ifndef __SANITIZE_ADDRESS__
    EXPECT_EQ(confined([] { return outcome(syscall(SYS_ptrace, 16 /* ATTACH */, getppid(), 0, 0)); }), EPERM);
#endif
    EXPECT_EQ(confined([] { return outcome(syscall(SYS_process_vm_readv, getppid(), 0, 0, 0, 0, 0)); }),
              EPERM);
    EXPECT_EQ(confined([] { return outcome(syscall(SYS_pidfd_getfd, 0, 0, 0)); }), EPERM);
}

TEST(Confinement, NoWayAroundTheFilter) {
    EXPECT_EQ(confined([] {
                  io_uring_params parameters{};
                  return outcome(syscall(SYS_io_uring_setup, 1, &parameters));
              }),
              EPERM);
    EXPECT_EQ(confined([] { return outcome(unshare(CLONE_NEWUSER)); }), EPERM);
    EXPECT_EQ(confined([] { return outcome(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)); }),
              EPERM);
    EXPECT_EQ(confined([] { return outcome(syscall(SYS_clone3, nullptr, 0)); }), ENOSYS);
    EXPECT_EQ(confined([] { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1; }), 0);
}

TEST(Confinement, ThreadsWorkAndAreConfinedToo) {
    EXPECT_EQ(confined([] {
                  int result = -1;
                  std::thread([&] { result = outcome(socket(AF_UNIX, SOCK_STREAM, 0)); }).join();
                  return result;
              }),
              EACCES);
}

TEST(Confinement, ThreadsThatWereThereBeforeAreConfinedToo) {
    const pid_t child = fork();
    if (child == 0) {
        int pipe_ends[2];
        int result = -1;
        if (pipe(pipe_ends) != 0) _exit(1);
        std::thread early([&] {
            char go;
            if (read(pipe_ends[0], &go, 1) == 1) result = outcome(socket(AF_UNIX, SOCK_STREAM, 0));
        });
        const bool is_confined = confine(kMemory).ok();
        if (write(pipe_ends[1], "g", 1) != 1) _exit(1);
        early.join();
        _exit(is_confined ? result : 255);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), EACCES);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Confinement, MemoryIsLimited) {
    EXPECT_EQ(confined([] {
                  void* memory =
                      mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  return memory == MAP_FAILED ? errno : 0;
              }),
              ENOMEM);
}
#endif

}  // namespace
}  // namespace camtap::source
