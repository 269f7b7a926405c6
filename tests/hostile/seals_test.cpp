// Promise: what a tap was given, the kernel keeps from it: whatever it tries with the descriptors of segment
// and pin page, as another user or as the daemon's own, not a byte changes and nothing shrinks.
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "stage.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace camtap::test {
namespace {

constexpr size_t kPage = layout::kPage;

// True: it could be done, and should not.
using Attack = std::function<bool(int fd)>;

struct Seals : Stage, testing::WithParamInterface<User> {
    void SetUp() override {
        Stage::SetUp();
        open_test_lane();
    }

    // The attack on everything that a tap was given, a hundred times, while honest taps read.
    void expect_refused(const Attack& attack) {
        play(
            [&](Forked::Child&) {
                RawTap tap(daemon.socket_path());
                EXPECT_NE(tap.sync().generation, 0u);
                tap.page.data()[64] = std::byte{0x5a};
                for (int i = 0; i < 100; ++i) {
                    EXPECT_FALSE(attack(tap.segment_fd.get())) << "on the segment";
                    EXPECT_FALSE(attack(tap.page_fd.get())) << "on the pin page";
                }
                // its own page, through the mapping that it made in time, as before
                EXPECT_EQ(tap.page.data()[64], std::byte{0x5a});
                EXPECT_EQ(tap.sync(0).generation, test->publisher().segment.generation);
                return 0;
            },
            GetParam());
    }
};

bool maps_writable(int fd) {
    void* data = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED) return false;
    munmap(data, kPage);
    return true;
}

// A read-only mapping, for what an attack makes of it.
bool with_mapping(int fd, const std::function<bool(void*)>& attack) {
    void* data = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED) return false;
    const bool done = attack(data);
    munmap(data, kPage);
    return done;
}

bool writes(int fd) {
    const iovec part{const_cast<char*>("x"), 1};
    return write(fd, "x", 1) >= 0 || pwrite(fd, "x", 1, 0) >= 0 || pwritev(fd, &part, 1, 4096) >= 0;
}

bool splices(int fd) {
    int pipes[2];
    if (pipe(pipes) != 0 || write(pipes[1], "x", 1) != 1) return true;
    loff_t at = 0;
    const bool spliced = splice(pipes[0], nullptr, fd, &at, 1, 0) > 0;
    close(pipes[0]);
    close(pipes[1]);
    return spliced;
}

bool copies_into(int fd) {
    const UniqueFd from(memfd_create("hostile", MFD_CLOEXEC));
    if (write(from.get(), "xxxx", 4) != 4) return true;
    loff_t in = 0;
    loff_t out = 0;
    off_t begin = 0;
    return copy_file_range(from.get(), &in, fd, &out, 4, 0) > 0 || sendfile(fd, from.get(), &begin, 4) > 0;
}

bool truncates(int fd) {
    struct stat st {};
    if (fstat(fd, &st) != 0) return true;
    return ftruncate(fd, 0) == 0 || ftruncate(fd, st.st_size - 1) == 0 || ftruncate(fd, st.st_size + 1) == 0;
}

bool punches(int fd) {
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kPage) == 0 ||
           fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, kPage) == 0 ||
           fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, kPage) == 0 ||
           fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, kPage) == 0 || fallocate(fd, 0, 0, off_t{1} << 40) == 0;
}

// Everything that takes a descriptor, on another way to the same memory.
bool changes(int fd) {
    return maps_writable(fd) || writes(fd) || truncates(fd) || punches(fd);
}

bool reopens(const std::string& path) {
    for (const int flags : {O_RDWR, O_WRONLY, O_RDWR | O_APPEND}) {
        const UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC));
        if (fd && changes(fd.get())) return true;
    }
    // O_TRUNC on its own may succeed in opening; what counts is that nothing gets shorter
    struct stat before {};
    struct stat after {};
    if (stat(path.c_str(), &before) != 0) return false;
    const UniqueFd fd(open(path.c_str(), O_RDWR | O_TRUNC | O_CLOEXEC));
    return stat(path.c_str(), &after) == 0 && after.st_size != before.st_size;
}

// Every way through /proc to camtap's memory in a process, as far as this user may look.
bool reopens_all_of(pid_t pid, const char* folder, bool& found) {
    std::error_code error;
    bool done = false;
    const std::string proc = "/proc/" + std::to_string(pid) + "/" + folder;
    for (std::filesystem::directory_iterator entry(proc, error), end; entry != end; entry.increment(error)) {
        const auto target = std::filesystem::read_symlink(entry->path(), error).string();
        if (error || target.find("memfd:camtap") == std::string::npos) continue;
        found = true;
        done = done || reopens(entry->path().string());
    }
    return done;
}

TEST_P(Seals, MappingItWritable) {
    expect_refused(maps_writable);
}

TEST_P(Seals, MakingAReadOnlyMappingWritable) {
    expect_refused([](int fd) {
        return with_mapping(fd, [](void* data) {
            void* moved = mremap(data, kPage, kPage, MREMAP_MAYMOVE);
            return moved != data || mprotect(data, kPage, PROT_READ | PROT_WRITE) == 0 ||
                   mprotect(data, kPage, PROT_WRITE) == 0;
        });
    });
}

TEST_P(Seals, Writing) {
    expect_refused([](int fd) { return writes(fd) || splices(fd) || copies_into(fd); });
}

TEST_P(Seals, Truncating) {
    expect_refused(truncates);
}

TEST_P(Seals, PunchingHoles) {
    expect_refused([](int fd) {
        return punches(fd) ||
               with_mapping(fd, [](void* data) { return madvise(data, kPage, MADV_REMOVE) == 0; });
    });
}

TEST_P(Seals, AddingSeals) {
    expect_refused([](int fd) {
        return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == 0 ||
               fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0;
    });
}

TEST_P(Seals, ReopeningItThroughProcSelfFd) {
    expect_refused([](int fd) {
        (void)fchmod(fd, 0777);  // the same user may; it changes nothing
        return reopens("/proc/self/fd/" + std::to_string(fd));
    });
}

TEST_P(Seals, ReopeningTheDaemonsAndAnHonestTapsThroughProc) {
    const pid_t honest = getpid();
    const pid_t pid = daemon.pid();
    const bool same = GetParam() == User::same;
    expect_refused([=](int) {
        bool found = false;
        const bool done = reopens_all_of(pid, "fd", found) || reopens_all_of(pid, "map_files", found) ||
                          reopens_all_of(honest, "map_files", found);
        EXPECT_EQ(found, same)
            << "who may look is the kernel's business, but the test must not look at nothing";
        return done;
    });
}

TEST_P(Seals, WritingThroughProcSelfMem) {
    expect_refused([](int fd) {
        return with_mapping(fd, [](void* data) {
            const UniqueFd memory(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
            const iovec from{const_cast<char*>("x"), 1};
            const iovec to{data, 1};
            return pwrite(memory.get(), "x", 1, static_cast<off_t>(reinterpret_cast<uintptr_t>(data))) > 0 ||
                   process_vm_writev(getpid(), &from, 1, &to, 1, 0) > 0;
        });
    });
}

TEST_P(Seals, HavingTheKernelWriteIntoAReadOnlyMapping) {
    expect_refused([](int fd) {
        return with_mapping(fd, [](void* data) {
            const UniqueFd zero(open("/dev/zero", O_RDONLY | O_CLOEXEC));
            return read(zero.get(), data, 1) > 0 || madvise(data, kPage, MADV_POPULATE_WRITE) == 0;
        });
    });
}

// It would fill holes of a segment with bytes of its own.
TEST_P(Seals, FillingHolesByUserfaultfd) {
    expect_refused([](int fd) {
        const UniqueFd faults(static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY)));
        uffdio_api api{UFFD_API, 0, 0};
        if (!faults || ioctl(faults.get(), UFFDIO_API, &api) != 0) return false;
        return with_mapping(fd, [&](void* data) {
            uffdio_register range{
                {reinterpret_cast<uintptr_t>(data), kPage}, UFFDIO_REGISTER_MODE_MISSING, 0};
            return ioctl(faults.get(), UFFDIO_REGISTER, &range) == 0;
        });
    });
}

// A copy of one's own is nobody else's business.
TEST_P(Seals, WritingToAPrivateMappingChangesOnlyTheTapsOwnCopy) {
    expect_refused([](int fd) {
        auto* copy =
            static_cast<unsigned char*>(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
        if (copy == MAP_FAILED) return false;
        return with_mapping(fd, [&](void* data) {
            auto* words = static_cast<unsigned char*>(data);
            copy[kPage - 1] = static_cast<unsigned char>(~words[kPage - 1]);
            const bool leaked = copy[kPage - 1] == words[kPage - 1];
            munmap(copy, kPage);
            return leaked;
        });
    });
}

std::vector<User> users() {
    return may_change_user() ? std::vector<User>{User::same, User::another} : std::vector<User>{User::same};
}

INSTANTIATE_TEST_SUITE_P(As, Seals, testing::ValuesIn(users()), [](const auto& test) {
    return test.param == User::same ? "TheSameUser" : "AnotherUser";
});

}  // namespace
}  // namespace camtap::test
