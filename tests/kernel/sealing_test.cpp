// What the kernel must refuse to everybody once a segment is sealed, and what it must go on allowing to those
// who had mapped it before.
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>

#include "assumption.h"
#include "common/layout.h"
#include "common/sealed_memory.h"

namespace camtap::test {
namespace {

constexpr size_t kBytes = 4 * layout::kPage;
constexpr const char* kWhere = "common/sealed_memory.cpp, seal_against_writers()";

// A segment as taps get it: mapped writable by its publisher, then sealed, then mapped read-only.
struct SealedMemory : testing::Test {
    UniqueFd fd;
    Mapping publishers;
    Mapping taps;

    void SetUp() override {
        auto made = create_memfd("camtap-kernel-test", kBytes);
        ASSERT_TRUE(made.ok()) << made.error().message;
        fd = std::move(*made);
        auto writable = Mapping::map(fd.get(), kBytes, Mapping::Access::read_write);
        ASSERT_TRUE(writable.ok()) << writable.error().message;
        publishers = std::move(*writable);
        std::memset(publishers.data(), 'p', kBytes);
        const Status sealed = seal_against_writers(fd.get());
        ASSERT_TRUE(sealed.ok()) << sealed.error().message;
        auto readable = Mapping::map(fd.get(), kBytes, Mapping::Access::read_only);
        ASSERT_TRUE(readable.ok()) << readable.error().message;
        taps = std::move(*readable);
    }
    void TearDown() override {
        for (size_t i = 0; i < kBytes; ++i) {
            ASSERT_EQ(static_cast<char>(taps.data()[i]), 'p')
                << "byte " << i << " was changed after the seal";
        }
    }

    // Opened for writing anew, as the same user can through /proc; empty where the mode 0400 is in the way.
    UniqueFd reopened(int flags = O_RDWR) const {
        return UniqueFd(open(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), flags | O_CLOEXEC));
    }
    void expect_refused(int result, int allowed_errno, const char* what) const {
        EXPECT_EQ(result, -1) << what << " was allowed";
        EXPECT_EQ(errno, allowed_errno) << what << WITH_ERRNO;
    }
};

TEST_F(SealedMemory, TheWritableMappingMadeBeforeGoesOn) {
    CAMTAP_ASSUMES(
        "F_SEAL_FUTURE_WRITE leaves writable mappings that exist as they are, and what is written through "
        "them shows in all others",
        kWhere);
    publishers.data()[5] = std::byte{'x'};
    EXPECT_EQ(static_cast<char>(taps.data()[5]), 'x');
    publishers.data()[5] = std::byte{'p'};
}

TEST_F(SealedMemory, NobodyMapsItWritableAnyMore) {
    CAMTAP_ASSUMES("F_SEAL_FUTURE_WRITE refuses every new shared writable mapping", kWhere);
    EXPECT_EQ(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0), MAP_FAILED);
    EXPECT_EQ(errno, EPERM) << WITH_ERRNO;
    EXPECT_EQ(mmap(nullptr, kBytes, PROT_WRITE, MAP_SHARED, fd.get(), 0), MAP_FAILED);
}

TEST_F(SealedMemory, AReadOnlyMappingMadeAfterwardsCantBeMadeWritable) {
    CAMTAP_ASSUMES("a read-only mapping made after F_SEAL_FUTURE_WRITE can't be made writable by mprotect",
                   kWhere);
    expect_refused(mprotect(taps.data(), kBytes, PROT_READ | PROT_WRITE), EACCES, "mprotect");
}

TEST_F(SealedMemory, WriteIsRefused) {
    CAMTAP_ASSUMES("F_SEAL_FUTURE_WRITE refuses write() and its kin", kWhere);
    const char text[] = "x";
    expect_refused(static_cast<int>(pwrite(fd.get(), text, 1, 0)), EPERM, "pwrite");
    const UniqueFd source(memfd_create("camtap-kernel-source", MFD_CLOEXEC));
    ASSERT_EQ(write(source.get(), text, 1), 1);
    off_t from = 0;
    EXPECT_EQ(sendfile(fd.get(), source.get(), &from, 1), -1) << "sendfile was allowed";
}

TEST_F(SealedMemory, ItsSizeStays) {
    CAMTAP_ASSUMES(
        "F_SEAL_SHRINK and F_SEAL_GROW refuse ftruncate both ways, so that no reader ever gets a SIGBUS",
        "common/sealed_memory.cpp, create_memfd()");
    expect_refused(ftruncate(fd.get(), 0), EPERM, "shrinking");
    expect_refused(ftruncate(fd.get(), 2 * kBytes), EPERM, "growing");
    expect_refused(fallocate(fd.get(), 0, 0, 2 * kBytes), EPERM, "growing by fallocate");
}

TEST_F(SealedMemory, NoHolesArePunched) {
    CAMTAP_ASSUMES("after F_SEAL_FUTURE_WRITE nobody punches holes, neither by descriptor nor by mapping",
                   kWhere);
    expect_refused(fallocate(fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, layout::kPage), EPERM,
                   "punching a hole");
    EXPECT_EQ(madvise(taps.data(), layout::kPage, MADV_REMOVE), -1) << "MADV_REMOVE was allowed";
}

TEST_F(SealedMemory, NoSealCanBeAdded) {
    CAMTAP_ASSUMES("F_SEAL_SEAL refuses further seals", kWhere);
    expect_refused(fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE), EPERM, "adding a seal");
}

TEST_F(SealedMemory, ReopenedThroughProcItIsAsSealed) {
    CAMTAP_ASSUMES(
        "seals belong to the memory, not to a descriptor: opened anew through /proc it can't be written, "
        "mapped writable or truncated either",
        kWhere);
    const UniqueFd again = reopened();
    if (!again) {
        EXPECT_EQ(errno, EACCES) << WITH_ERRNO;  // mode 0400: who isn't root doesn't even get so far
        return;
    }
    EXPECT_EQ(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, again.get(), 0), MAP_FAILED);
    EXPECT_EQ(errno, EPERM) << WITH_ERRNO;
    expect_refused(static_cast<int>(pwrite(again.get(), "x", 1, 0)), EPERM, "pwrite");
    expect_refused(ftruncate(again.get(), 0), EPERM, "ftruncate");
    EXPECT_FALSE(reopened(O_RDWR | O_TRUNC)) << "opening it truncated was allowed";
}

TEST_F(SealedMemory, ItsModeIsReadOnly) {
    CAMTAP_ASSUMES("fchmod works on a memfd", kWhere);
    struct stat st {};
    ASSERT_EQ(fstat(fd.get(), &st), 0);
    EXPECT_EQ(st.st_mode & 0777u, 0400u);
}

TEST_F(SealedMemory, APrivateMappingChangesOnlyItsOwnCopy) {
    CAMTAP_ASSUMES("a private writable mapping of sealed memory is a copy", "daemon/DESIGN.md, threat model");
    void* data = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd.get(), 0);
    if (data == MAP_FAILED) return;  // refused is as good
    std::memset(data, 'x', kBytes);  // TearDown looks whether it shows
    munmap(data, kBytes);
}

TEST_F(SealedMemory, TheDebuggersWayInIsShutToo) {
    CAMTAP_ASSUMES("/proc/PID/mem doesn't write to a shared mapping that may not become writable", kWhere);
    const UniqueFd memory(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
    if (!memory) return;  // not there: shut all the more
    EXPECT_EQ(pwrite(memory.get(), "x", 1, static_cast<off_t>(reinterpret_cast<uintptr_t>(taps.data()))), -1)
        << "a tap wrote into the segment through /proc/self/mem";
}

TEST_F(SealedMemory, TheKernelDoesntWriteForThem) {
    CAMTAP_ASSUMES("a system call that would write into a read-only mapping fails with EFAULT", kWhere);
    const SocketPair pair;
    ASSERT_EQ(send(pair.a.get(), "x", 1, 0), 1);
    expect_refused(static_cast<int>(recv(pair.b.get(), taps.data(), 1, 0)), EFAULT, "receiving into it");
}

TEST_F(SealedMemory, UserfaultfdDoesntServeItsHoles) {
    CAMTAP_ASSUMES(
        "userfaultfd can't be registered on a shared mapping that may not become writable, so that no tap "
        "fills holes with bytes of its own",
        kWhere);
    const UniqueFd faults(static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY)));
    if (!faults) return;  // not to be had: nobody can do it
    uffdio_api api{};
    api.api = UFFD_API;
    ASSERT_EQ(ioctl(faults.get(), UFFDIO_API, &api), 0) << WITH_ERRNO;
    uffdio_register range{};
    range.range = {reinterpret_cast<uintptr_t>(taps.data()), kBytes};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    EXPECT_EQ(ioctl(faults.get(), UFFDIO_REGISTER, &range), -1) << "userfaultfd was registered";
}

TEST_F(SealedMemory, ThePublisherStillBacksItsSlots) {
    CAMTAP_ASSUMES("MADV_POPULATE_WRITE works on a writable mapping after the seal",
                   "client/writable_segment.cpp, back()");
    auto made = create_memfd("camtap-kernel-test", kBytes);
    ASSERT_TRUE(made.ok());
    auto early = Mapping::map(made->get(), kBytes, Mapping::Access::read_write);
    ASSERT_TRUE(early.ok());
    ASSERT_TRUE(seal_against_writers(made->get()).ok());
    struct stat before {};
    ASSERT_EQ(fstat(made->get(), &before), 0);
    EXPECT_EQ(before.st_blocks, 0) << "a new memfd has memory behind it";
    const Status backed = back_with_memory(early->data() + layout::kPage, layout::kPage);
    ASSERT_TRUE(backed.ok()) << backed.error().message;
    struct stat after {};
    ASSERT_EQ(fstat(made->get(), &after), 0);
    EXPECT_GE(static_cast<uint64_t>(after.st_blocks) * 512, layout::kPage)
        << "daemon/generation.cpp counts this";
}

}  // namespace
}  // namespace camtap::test
