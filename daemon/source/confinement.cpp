#include "daemon/source/confinement.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "common/unique_fd.h"

namespace camtap::source {
namespace {

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// Doors of the kernel that no codec has business with. By name: an older kernel or library may not know one.
constexpr const char* kForbidden[] = {
    // other processes
    "pidfd_getfd", "pidfd_send_signal", "process_madvise", "process_mrelease", "process_vm_readv",
    "process_vm_writev", "kcmp", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "tkill", "migrate_pages",
    "move_pages",
    // files of the daemon's user, whose contents Landlock looks after
    "truncate", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime",
    "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr",
    "fremovexattr",
#ifndef __SANITIZE_ADDRESS__  // whose leak check is a tracer
    "ptrace",
#endif
    // ways around a filter, and a large part of all kernel bugs
    "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open", "userfaultfd",
    "add_key", "keyctl", "request_key", "personality", "modify_ldt", "vmsplice",
    // the system
    "mount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount", "fspick", "move_mount",
    "open_tree", "mount_setattr", "open_by_handle_at", "name_to_handle_at", "unshare", "setns", "swapon",
    "swapoff", "reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
    "acct", "quotactl", "quotactl_fd", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
    "sethostname", "setdomainname", "syslog", "lookup_dcookie", "ioperm", "iopl"};

constexpr uint64_t kInt = 0xffff'ffff;  // the kernel looks at 32 bits of an int; so must we

int forbid(scmp_filter_ctx filter, int call) {
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
}

// If the argument is that number.
int forbid_if(scmp_filter_ctx filter, int call, unsigned argument, int number) {
    const auto value = static_cast<uint64_t>(static_cast<uint32_t>(number));
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 1,
                            SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, kInt, value));
}

// If it isn't. "Not equal" has no mask; the halves above 32 bits are zero when libc calls.
int forbid_unless(scmp_filter_ctx filter, int call, unsigned argument, uint64_t number) {
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 1, SCMP_CMP(argument, SCMP_CMP_NE, number));
}

// Network cameras need the internet families, and name look-ups netlink. Unix sockets would lead to camtapd.
int forbid_other_sockets(scmp_filter_ctx filter) {
    for (int family = 0; family < AF_MAX; ++family) {
        if (family == AF_INET || family == AF_INET6 || family == AF_NETLINK) continue;
        const int failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
                                            SCMP_A0(SCMP_CMP_MASKED_EQ, kInt, static_cast<uint64_t>(family)));
        if (failed != 0) return failed;
    }
    return 0;
}

// To nobody but itself: abort() and raise() go on working. A descriptor's events can be sent as a signal,
// too, to whomever one names.
int forbid_signals_to_others(scmp_filter_ctx filter) {
    const auto self = static_cast<uint64_t>(getpid());
    for (const int call : {SCMP_SYS(kill), SCMP_SYS(tgkill)}) {
        if (const int failed = forbid_unless(filter, call, 0, self); failed != 0) return failed;
    }
    for (const int command : {F_SETOWN, F_SETOWN_EX, F_SETSIG}) {
        if (const int failed = forbid_if(filter, SCMP_SYS(fcntl), 1, command); failed != 0) return failed;
    }
    for (const int request : {FIOSETOWN, SIOCSPGRP}) {
        if (const int failed = forbid_if(filter, SCMP_SYS(ioctl), 1, request); failed != 0) return failed;
    }
    return 0;
}

// Limits and priorities are a process's own affair: 0 is oneself.
int forbid_limits_of_others(scmp_filter_ctx filter) {
    for (const int call : {SCMP_SYS(prlimit64), SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_setparam),
                           SCMP_SYS(sched_setattr), SCMP_SYS(sched_setaffinity)}) {
        if (const int failed = forbid_unless(filter, call, 0, 0); failed != 0) return failed;
    }
    constexpr uint64_t kIoprioWhoProcess = 1;
    for (const auto& [call, process] : {std::pair{SCMP_SYS(setpriority), uint64_t{PRIO_PROCESS}},
                                        std::pair{SCMP_SYS(ioprio_set), kIoprioWhoProcess}}) {
        if (const int failed = forbid_unless(filter, call, 0, process); failed != 0) return failed;
        if (const int failed = forbid_unless(filter, call, 1, 0); failed != 0) return failed;
    }
    return 0;
}

int forbid_namespaces(scmp_filter_ctx filter) {
    // its flags lie in memory, where a filter can't look; libc falls back to clone()
    if (const int failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0); failed != 0)
        return failed;
    for (const int flag : {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER,
                           CLONE_NEWPID, CLONE_NEWNET}) {
        const auto bit = static_cast<uint64_t>(static_cast<uint32_t>(flag));
        const int failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                            SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit));
        if (failed != 0) return failed;
    }
    return 0;
}

Status filter_system_calls() {
    const auto fault = [](int failed) {
        return system_error("filtering the source's system calls", -failed);
    };
    const Filter filter(seccomp_init(SCMP_ACT_ALLOW), seccomp_release);
    if (!filter) return fault(-ENOMEM);
    // threads that libraries have started already are filtered too
    if (const int failed = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1); failed != 0)
        return fault(failed);
    for (const char* name : kForbidden) {
        const int call = seccomp_syscall_resolve_name(name);
        if (call == __NR_SCMP_ERROR) continue;
        if (const int failed = forbid(filter.get(), call); failed != 0 && failed != -EDOM)
            return fault(failed);
    }
    for (const auto rules :
         {forbid_other_sockets, forbid_signals_to_others, forbid_limits_of_others, forbid_namespaces}) {
        if (const int failed = rules(filter.get()); failed != 0) return fault(failed);
    }
    if (const int failed = seccomp_load(filter.get()); failed != 0) return fault(failed);
    return Done{};
}

void let_write_below(int rules, uint64_t rights, const std::string& path) {
    const UniqueFd directory(open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!directory) return;
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = rights;
    beneath.parent_fd = directory.get();
    (void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
}

// What the headers of Debian 12 don't know yet.
constexpr uint64_t kTruncate = uint64_t{1} << 14;  // LANDLOCK_ACCESS_FS_TRUNCATE, since version 3
constexpr uint64_t kScopeSignal = 2;               // LANDLOCK_SCOPE_SIGNAL, since version 6
struct RulesetAttributes {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

// Best effort: kernels are built without it. Besides the rules for files, a process inside can't trace, or
// open the memory of, one outside, though they have the same user.
void change_no_files() {
    const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    RulesetAttributes attributes{};
    attributes.handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                   LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                   LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                   LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
    if (version >= 3) attributes.handled_access_fs |= kTruncate;
    if (version >= 6) attributes.scoped = kScopeSignal;
    const UniqueFd rules(
        static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
    if (!rules) return;
    const char* cache = getenv("XDG_CACHE_HOME");
    const char* home = getenv("HOME");
    let_write_below(rules.get(), LANDLOCK_ACCESS_FS_WRITE_FILE, "/dev");  // cameras, /dev/null
    let_write_below(rules.get(), attributes.handled_access_fs, "/tmp");
    if (cache != nullptr && *cache != 0) {
        let_write_below(rules.get(), attributes.handled_access_fs,
                        cache);  // GStreamer's list of its plug-ins
    } else if (home != nullptr && *home != 0) {
        let_write_below(rules.get(), attributes.handled_access_fs, std::string(home) + "/.cache");
    }
    (void)syscall(SYS_landlock_restrict_self, rules.get(), 0);
}

Status limit(decltype(RLIMIT_CORE) resource, const char* name, rlim_t most) {
    const rlimit value{most, most};
    if (setrlimit(resource, &value) == 0) return Done{};
    return system_error(std::string("setting ") + name, errno);
}

}  // namespace

Status confine(uint64_t max_memory) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error("PR_SET_NO_NEW_PRIVS", errno);
    if (Status set = limit(RLIMIT_CORE, "RLIMIT_CORE", 0); !set) return set;
#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // whose shadows are larger than any limit
    rlimit data{};
    getrlimit(RLIMIT_DATA, &data);
    if (max_memory < data.rlim_max) {
        if (Status set = limit(RLIMIT_DATA, "RLIMIT_DATA", max_memory); !set) return set;
    }
#else
    (void)max_memory;
#endif
    change_no_files();
    return filter_system_calls();
}

}  // namespace camtap::source
