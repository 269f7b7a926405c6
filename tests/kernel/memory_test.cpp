// What the kernel must do with mappings: at a fork, in a core dump, beyond what there is, and after everybody
// else has let go.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "assumption.h"
#include "common/layout.h"
#include "common/sealed_memory.h"
#include "tests/system/forked.h"

namespace camtap::test {
namespace {

constexpr size_t kBytes = 4 * layout::kPage;

std::byte* anonymous_page() {
    void* page = mmap(nullptr, layout::kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(page, MAP_FAILED) << WITH_ERRNO;
    return static_cast<std::byte*>(page);
}

UniqueFd memory_of(uint64_t bytes) {
    auto made = create_memfd("camtap-kernel-test", bytes);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? std::move(*made) : UniqueFd();
}

Mapping mapped(const UniqueFd& fd, Mapping::Access access) {
    auto mapping = Mapping::map(fd.get(), kBytes, access);
    EXPECT_TRUE(mapping.ok()) << mapping.error().message;
    return mapping.ok() ? std::move(*mapping) : Mapping();
}

// mincore() fails with ENOMEM exactly where nothing is mapped.
bool is_mapped(const std::byte* page) {
    unsigned char resident = 0;
    return mincore(const_cast<std::byte*>(page), layout::kPage, &resident) == 0;
}

std::string flags_of_mapping_at(const void* address) {
    std::ifstream maps("/proc/self/smaps");
    std::ostringstream start;
    start << std::hex << reinterpret_cast<uintptr_t>(address) << "-";
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        if (line.starts_with(start.str())) inside = true;
        if (inside && line.starts_with("VmFlags:")) return line + " ";
    }
    return {};
}

TEST(ForkedMemory, AMarkedPageReadsZeroInEveryChild) {
    CAMTAP_ASSUMES(
        "MADV_WIPEONFORK makes a page read 0 in a child of fork(), and in the child's children, and leaves "
        "the parent's alone",
        "client/process_mark.cpp: so a fork of a tap knows that it isn't the tap");
    auto* word = reinterpret_cast<std::atomic<uint32_t>*>(anonymous_page());
    word->store(1);
    ASSERT_EQ(madvise(word, layout::kPage, MADV_WIPEONFORK), 0) << WITH_ERRNO;
    Forked child([word](Forked::Child&) {
        if (word->load() != 0) return 1;
        word->store(2);  // and its own child must not see this
        Forked grandchild([word](Forked::Child&) { return word->load() == 0 ? 0 : 1; });
        return grandchild.join() == 0 ? 0 : 2;
    });
    EXPECT_EQ(child.join(), 0) << "1: the child, 2: the grandchild saw another value than 0";
    EXPECT_EQ(word->load(), 1u);
    munmap(word, layout::kPage);
}

TEST(ForkedMemory, SegmentsStayBehind) {
    CAMTAP_ASSUMES("MADV_DONTFORK keeps a mapping from children, and the parent keeps it",
                   "client/local_mapping.h: so a fork of a tap can't touch its frames");
    const UniqueFd fd = memory_of(kBytes);
    const Mapping mapping = mapped(fd, Mapping::Access::read_only);
    mapping.keep_from_children();
    Forked child([&](Forked::Child&) { return is_mapped(mapping.data()) ? 1 : 0; });
    EXPECT_EQ(child.join(), 0);
    EXPECT_TRUE(is_mapped(mapping.data()));
}

TEST(CoreDumps, LeaveSegmentsOut) {
    CAMTAP_ASSUMES(
        "MADV_DONTDUMP marks a mapping of a memfd as not to be dumped",
        "common/sealed_memory.cpp, Mapping::map(): else a crash with 512 MiB mapped hangs up 0.8 s late");
    const UniqueFd fd = memory_of(kBytes);
    const Mapping mapping = mapped(fd, Mapping::Access::read_only);
    const std::string flags = flags_of_mapping_at(mapping.data());
    ASSERT_FALSE(flags.empty()) << "/proc/self/smaps doesn't show the mapping";
    EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;
}

TEST(Backing, BeyondTheEndIsAnErrorAndNoSignal) {
    CAMTAP_ASSUMES("MADV_POPULATE_WRITE answers EFAULT or ENOMEM where touching the page would be a SIGBUS",
                   "common/sealed_memory.cpp, back_with_memory(): the one place where memory runs out");
    const UniqueFd fd = memory_of(layout::kPage);
    void* data = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    ASSERT_NE(data, MAP_FAILED) << WITH_ERRNO;
    const Status backed = back_with_memory(static_cast<std::byte*>(data), kBytes);
    ASSERT_FALSE(backed.ok()) << "pages beyond the end were given memory";
    EXPECT_EQ(backed.error().code, Code::no_memory) << backed.error().message;
    munmap(data, kBytes);
}

TEST(Backing, OfAnAddressThatIsntMappedIsAnError) {
    CAMTAP_ASSUMES("MADV_POPULATE_WRITE answers ENOMEM where nothing is mapped", "common/sealed_memory.cpp");
    std::byte* page = anonymous_page();
    munmap(page, layout::kPage);
    const Status backed = back_with_memory(page, layout::kPage);
    ASSERT_FALSE(backed.ok()) << "memory was given to nothing";
    EXPECT_EQ(backed.error().code, Code::no_memory) << backed.error().message;
}

TEST(Backing, MakesEveryPageResident) {
    CAMTAP_ASSUMES("after MADV_POPULATE_WRITE writing causes no page fault",
                   "daemon/generation.cpp: the daemon's loop takes none; client/writable_segment.cpp");
    const UniqueFd fd = memory_of(kBytes);
    const Mapping mapping = mapped(fd, Mapping::Access::read_write);
    ASSERT_TRUE(back_with_memory(mapping.data(), kBytes).ok());
    rusage before{};
    rusage after{};
    getrusage(RUSAGE_THREAD, &before);
    for (size_t i = 0; i < kBytes; i += layout::kPage) {
        *const_cast<volatile std::byte*>(mapping.data() + i) = std::byte{1};
    }
    getrusage(RUSAGE_THREAD, &after);
    // 4 pages, of which a fault or two may be the test's own stack
    EXPECT_LT(after.ru_minflt - before.ru_minflt, 3);
}

TEST(ReadOnlyMapping, AtomicLoadsOfEightBytesDontWrite) {
    CAMTAP_ASSUMES("an atomic load of 4 or 8 bytes doesn't write, so it works on a page mapped read-only",
                   "common/layout.h: every word that a tap reads in a segment");
    const UniqueFd fd = memory_of(kBytes);
    const Mapping writable = mapped(fd, Mapping::Access::read_write);
    auto& word = *reinterpret_cast<layout::Word64*>(writable.data());
    word.store(0x0123'4567'89ab'cdef);
    const Mapping readable = mapped(fd, Mapping::Access::read_only);
    Forked child([&](Forked::Child&) {
        const auto& same = *reinterpret_cast<const layout::Word64*>(readable.data());
        const auto& half = *reinterpret_cast<const layout::Word32*>(readable.data());
        const bool seen = same.load(std::memory_order_seq_cst) == 0x0123'4567'89ab'cdef &&
                          half.load(std::memory_order_acquire) == 0x89ab'cdef;
        return seen ? 0 : 1;
    });
    EXPECT_EQ(child.join(), 0) << "a negative number is the signal that a load was answered with";
}

TEST(ReadOnlyMapping, CanBeLocked) {
    CAMTAP_ASSUMES("a page that another process writes can be locked through a read-only mapping",
                   "daemon/broker_messages.cpp, make_pin_page(); best effort there");
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
    if (limit.rlim_cur < layout::kPage) GTEST_SKIP() << "RLIMIT_MEMLOCK is less than a page";
    const UniqueFd fd = memory_of(kBytes);
    const Mapping mapping = mapped(fd, Mapping::Access::read_only);
    EXPECT_EQ(mlock(mapping.data(), layout::kPage), 0) << WITH_ERRNO;
}

TEST(Memfd, LivesAsLongAsSomebodyMapsIt) {
    CAMTAP_ASSUMES("the memory of a memfd stays while any process maps it, whoever made it and closed it",
                   "client/timeline.cpp: taps keep frames when daemon and publisher are gone");
    SocketPair pair;
    Forked maker([&](Forked::Child& child) {
        const UniqueFd fd = memory_of(kBytes);
        if (pwrite(fd.get(), "frame", 5, 0) != 5) return 1;
        const int raw = fd.get();
        iovec part{const_cast<int*>(&raw), sizeof raw};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        *CMSG_FIRSTHDR(&message) = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        std::memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &raw, sizeof raw);
        if (sendmsg(pair.a.get(), &message, 0) < 0) return 2;
        child.wait();
        return 0;
    });
    int number = 0;
    iovec part{&number, sizeof number};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ASSERT_GT(recvmsg(pair.b.get(), &message, MSG_CMSG_CLOEXEC), 0) << WITH_ERRNO;
    ASSERT_NE(CMSG_FIRSTHDR(&message), nullptr);
    std::memcpy(&number, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof number);
    UniqueFd received(number);
    const Mapping mapping = mapped(received, Mapping::Access::read_only);
    maker.kill(SIGKILL);
    EXPECT_EQ(maker.join(), -SIGKILL);
    received.reset();
    EXPECT_EQ(std::memcmp(mapping.data(), "frame", 5), 0);
}

TEST(Memfd, IsAllZeros) {
    CAMTAP_ASSUMES("new shared memory reads 0, before and after it is backed",
                   "daemon/generation.cpp: sequence words and pin words begin at 0, which means none");
    const UniqueFd fd = memory_of(kBytes);
    const Mapping mapping = mapped(fd, Mapping::Access::read_write);
    ASSERT_TRUE(back_with_memory(mapping.data(), layout::kPage).ok());
    for (size_t i = 0; i < kBytes; ++i) ASSERT_EQ(mapping.data()[i], std::byte{0}) << "byte " << i;
}

}  // namespace
}  // namespace camtap::test
