// What the kernel must tell of other processes, and do to them: their death above all.
#include <linux/close_range.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>

#include "assumption.h"
#include "tests/system/daemon_process.h"
#include "tests/system/forked.h"

namespace camtap::test {
namespace {

constexpr const char* kSupervisor = "daemon/source_supervisor.cpp";
constexpr const char* kSpawn = "daemon/spawn.cpp, become_source()";

UniqueFd pidfd_of(pid_t pid) {
    UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    EXPECT_TRUE(fd) << WITH_ERRNO;
    return fd;
}

int until_told(Forked::Child& child) {
    child.wait();
    return 0;
}

// A pipe whose writing end a process inherits: at its end when that process, and all that it forked, are
// dead.
struct Lifeline {
    Lifeline() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(pipe(ends), 0);
        reading.reset(ends[0]);
        writing.reset(ends[1]);
    }
    UniqueFd reading;
    UniqueFd writing;
};

TEST(Pidfd, IsReadableAtDeathAndBeforeItIsReaped) {
    CAMTAP_ASSUMES(
        "a pidfd becomes readable when its process dies, while that is still a zombie, and not before",
        "daemon/source_supervisor.cpp reaps on it; daemon/broker.cpp ends a tap's session on it");
    Forked child(until_told);
    const UniqueFd pidfd = pidfd_of(child.pid());
    EXPECT_EQ(poll_one(pidfd.get(), POLLIN, 0), 0);
    child.kill(SIGKILL);
    EXPECT_EQ(poll_one(pidfd.get(), POLLIN), POLLIN);
    siginfo_t info{};
    EXPECT_EQ(
        waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOWAIT), 0)
        << WITH_ERRNO;
    EXPECT_EQ(info.si_pid, child.pid());
    EXPECT_EQ(info.si_status, SIGKILL);
    const UniqueFd of_zombie = pidfd_of(child.pid());
    EXPECT_EQ(poll_one(of_zombie.get(), POLLIN), POLLIN) << "opened for a zombie it isn't readable";
    EXPECT_EQ(child.join(), -SIGKILL);
    EXPECT_NE(poll_one(pidfd.get(), POLLIN) & POLLIN, 0) << "and it stays so after the reaping";
}

TEST(Pidfd, OfNobodyIsAnError) {
    CAMTAP_ASSUMES("pidfd_open() of a process that is dead and reaped fails with ESRCH, of pid 0 with EINVAL",
                   "daemon/peer.cpp: best effort, the hang-up counts then");
    Forked child(until_told);
    const pid_t pid = child.pid();
    child.kill(SIGKILL);
    child.join();
    EXPECT_EQ(syscall(SYS_pidfd_open, pid, 0), -1);
    EXPECT_EQ(errno, ESRCH) << WITH_ERRNO;
    EXPECT_EQ(syscall(SYS_pidfd_open, 0, 0), -1);
    EXPECT_EQ(errno, EINVAL) << WITH_ERRNO;
}

TEST(Pidfd, OfAStoppedProcessIsQuiet) {
    CAMTAP_ASSUMES("a process that is stopped is alive to its pidfd and to waitpid()", kSupervisor);
    Forked child(until_told);
    const UniqueFd pidfd = pidfd_of(child.pid());
    child.kill(SIGSTOP);
    siginfo_t info{};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child.pid()), &info, WSTOPPED), 0);
    EXPECT_EQ(poll_one(pidfd.get(), POLLIN, 0), 0);
    int status = 0;
    EXPECT_EQ(waitpid(child.pid(), &status, WNOHANG), 0);
}

TEST(Killing, EndsAProcessThatIsStoppedAndBlocksEverything) {
    CAMTAP_ASSUMES("SIGKILL ends a process that is stopped, whatever it blocks or ignores", kSupervisor);
    Forked child([](Forked::Child& c) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, nullptr);
        signal(SIGTERM, SIG_IGN);
        c.say();
        return until_told(c);
    });
    child.wait();
    child.kill(SIGTERM);
    child.kill(SIGSTOP);
    child.kill(SIGKILL);
    EXPECT_EQ(child.join(), -SIGKILL);
}

TEST(Reaping, NeverBlocksWithWnohang) {
    CAMTAP_ASSUMES("waitpid() with WNOHANG returns 0 for a child that runs", kSupervisor);
    Forked child(until_told);
    int status = 0;
    EXPECT_EQ(waitpid(child.pid(), &status, WNOHANG), 0);
    child.say();
    EXPECT_EQ(child.join(), 0);
}

TEST(ParentsDeath, KillsTheChildThatAskedForItEvenAfterExec) {
    CAMTAP_ASSUMES("PR_SET_PDEATHSIG set before execve() holds after it, and kills when the parent is killed",
                   kSpawn);
    Lifeline lifeline;
    Forked parent([&](Forked::Child& c) {
        lifeline.reading.reset();
        const pid_t me = getpid();
        const pid_t source = fork();
        if (source == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != me) _exit(0);
            c.say();  // cat then waits for ever for a byte on the parent's pipe
            dup2(c.from_parent, STDIN_FILENO);
            execl("/bin/cat", "cat", nullptr);
            _exit(127);
        }
        return until_told(c);
    });
    lifeline.writing.reset();
    parent.wait();
    EXPECT_EQ(poll_one(lifeline.reading.get(), POLLIN, 0), 0);
    parent.kill(SIGKILL);
    parent.join();
    EXPECT_NE(poll_one(lifeline.reading.get(), POLLIN) & POLLHUP, 0) << "the grandchild lives on";
}

TEST(Descriptors, AreClosedByRange) {
    CAMTAP_ASSUMES("close_range() closes every descriptor from one on", kSpawn);
    Forked child([](Forked::Child&) {
        constexpr int kFar = 200;
        if (dup2(STDERR_FILENO, kFar) != kFar) return 1;
        if (syscall(SYS_close_range, 4, ~0U, 0) != 0) return 2;
        if (is_open(kFar) || is_open(4)) return 3;
        return is_open(STDERR_FILENO) ? 0 : 4;
    });
    EXPECT_EQ(child.join(), 0) << "2: refused, 3: some stayed, 4: too many went";
}

bool lock(int fd) {
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    return fcntl(fd, F_SETLK, &whole) == 0;
}

TEST(Locks, OfAKilledProcessAreFreeWhileAChildOfItsLives) {
    CAMTAP_ASSUMES(
        "a record lock is held by one process, refused to others with EAGAIN or EACCES, and free as soon as "
        "its "
        "holder is killed, although a child that inherited the file lives on",
        "daemon/listen_socket.cpp, lock_path(): one daemon per socket");
    const TemporaryDirectory directory;
    const std::string path = directory.file("lock");
    Lifeline child;
    Lifeline test;
    Forked holder([&](Forked::Child& c) {
        const UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (!lock(fd.get())) return 1;
        test.writing.reset();
        if (fork() == 0) {
            c.say();
            poll_one(test.reading.get(), POLLIN, -1);
            _exit(0);
        }
        child.writing.reset();
        return until_told(c);
    });
    child.writing.reset();
    holder.wait();
    const UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(fd) << WITH_ERRNO;
    EXPECT_FALSE(lock(fd.get()));
    EXPECT_TRUE(errno == EAGAIN || errno == EACCES) << WITH_ERRNO;
    holder.kill(SIGKILL);
    holder.join();
    EXPECT_TRUE(lock(fd.get())) << WITH_ERRNO;
    EXPECT_EQ(poll_one(child.reading.get(), POLLIN, 0), 0) << "the child is dead, too";
}

TEST(Files, AreReplacedInOneStepAndNotThroughLinks) {
    CAMTAP_ASSUMES("rename() replaces a file in one step, and O_NOFOLLOW refuses a symbolic link with ELOOP",
                   "daemon/sequence_store.cpp, write()");
    const TemporaryDirectory directory;
    const std::string old_path = directory.file("numbers");
    const std::string new_path = directory.file("numbers.new");
    std::ofstream(old_path) << "old";
    std::ofstream(new_path) << "new";
    const UniqueFd reader(open(old_path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(rename(new_path.c_str(), old_path.c_str()), 0) << WITH_ERRNO;
    char text[4] = {};
    EXPECT_EQ(read(reader.get(), text, 3), 3);
    EXPECT_STREQ(text, "old") << "who had it open reads what it opened";
    ASSERT_EQ(symlink(old_path.c_str(), new_path.c_str()), 0);
    EXPECT_EQ(open(new_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), -1);
    EXPECT_EQ(errno, ELOOP) << WITH_ERRNO;
}

}  // namespace
}  // namespace camtap::test
