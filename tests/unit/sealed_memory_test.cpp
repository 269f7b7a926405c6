// Promise: large slots consist of huge pages where the kernel has them, for the publisher and for every tap.
#include "common/sealed_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <fstream>
#include <sstream>
#include <string>

#include "common/layout.h"

namespace camtap {
namespace {

using layout::kHugePage;
using layout::kPage;

// Of what is mapped at `data`: how much the processor sees as huge pages.
size_t huge_bytes_at(const std::byte* data) {
    std::ostringstream begin;
    begin << std::hex << reinterpret_cast<uintptr_t>(data) << '-';
    std::ifstream maps("/proc/self/smaps");
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        if (line.starts_with(begin.str())) inside = true;
        if (inside && line.starts_with("ShmemPmdMapped:")) return std::stoul(line.substr(15)) << 10;
    }
    return 0;
}

bool kernel_makes_huge_pages() {
    constexpr int kCollapse = 25;  // MADV_COLLAPSE
    const auto memory = create_memfd("camtap-test", 2 * kHugePage);
    void* page = mmap(nullptr, 2 * kHugePage, PROT_READ | PROT_WRITE, MAP_SHARED, memory->get(), 0);
    auto* data = static_cast<std::byte*>(page);
    std::byte* whole = data + -reinterpret_cast<uintptr_t>(data) % kHugePage;
    // at an address that doesn't suit the file the kernel says EINVAL, too
    mmap(whole, kHugePage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory->get(), 0);
    *whole = std::byte{1};
    const bool made = madvise(whole, kHugePage, kCollapse) == 0;
    munmap(page, 2 * kHugePage);
    return made;
}

TEST(BackedMemory, ConsistsOfHugePagesWhereWholeOnesFit) {
    if (!kernel_makes_huge_pages()) GTEST_SKIP() << "this kernel makes none of shared memory";
    const size_t bytes = 3 * kHugePage + 5 * kPage;
    const auto memory = create_memfd("camtap-test", bytes);
    ASSERT_TRUE(memory.ok());
    const auto writer = Mapping::map(memory->get(), bytes, Mapping::Access::read_write);
    const auto reader = Mapping::map(memory->get(), bytes, Mapping::Access::read_only);
    ASSERT_TRUE(writer.ok() && reader.ok());
    for (const Mapping* mapping : {&*writer, &*reader})
        EXPECT_EQ(reinterpret_cast<uintptr_t>(mapping->data()) % kHugePage, 0u);
    ASSERT_TRUE(seal_against_writers(memory->get()).ok());
    ASSERT_TRUE(back_with_memory(writer->data(), bytes).ok());
    EXPECT_EQ(huge_bytes_at(writer->data()), 3 * kHugePage);
    for (size_t at = 0; at < bytes; at += kPage) {
        writer->data()[at] = static_cast<std::byte>(at / kPage);
        EXPECT_EQ(reader->data()[at], static_cast<std::byte>(at / kPage));
    }
    EXPECT_EQ(huge_bytes_at(reader->data()), 3 * kHugePage);
}

TEST(BackedMemory, ThatBeginsInTheMiddleKeepsWhatIsBefore) {
    const size_t bytes = 2 * kHugePage;
    const auto memory = create_memfd("camtap-test", bytes);
    ASSERT_TRUE(memory.ok());
    const auto mapping = Mapping::map(memory->get(), bytes, Mapping::Access::read_write);
    ASSERT_TRUE(mapping.ok());
    ASSERT_TRUE(back_with_memory(mapping->data(), kPage).ok());
    mapping->data()[0] = std::byte{7};
    ASSERT_TRUE(back_with_memory(mapping->data() + kPage, bytes - kPage).ok());
    EXPECT_EQ(mapping->data()[0], std::byte{7});
    EXPECT_EQ(mapping->data()[bytes - 1], std::byte{0});
}

TEST(BackedMemory, WhereHugePagesCantBeMappedConsistsOfSmallOnes) {
    const size_t bytes = 2 * kHugePage;
    const auto memory = create_memfd("camtap-test", bytes);
    ASSERT_TRUE(memory.ok());
    const auto room = create_memfd("camtap-test", 2 * bytes);
    const auto place = Mapping::map(room->get(), 2 * bytes, Mapping::Access::read_write);
    ASSERT_TRUE(place.ok());
    // its huge pages begin between those of the address space
    std::byte* const data = place->data() + kPage;
    ASSERT_EQ(mmap(data, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory->get(), 0), data);
    ASSERT_TRUE(back_with_memory(data, bytes).ok());
    EXPECT_EQ(huge_bytes_at(data), 0u);
}

TEST(BackedMemory, ThatMayNotBeWrittenIsAnError) {
    const auto memory = create_memfd("camtap-test", kHugePage);
    ASSERT_TRUE(memory.ok());
    const auto mapping = Mapping::map(memory->get(), kHugePage, Mapping::Access::read_only);
    ASSERT_TRUE(mapping.ok());
    EXPECT_FALSE(back_with_memory(mapping->data(), kHugePage).ok());
}

TEST(MappedMemory, ThatMayNotBeWrittenIsAnError) {
    const auto memory = create_memfd("camtap-test", kHugePage);
    ASSERT_TRUE(memory.ok() && seal_against_writers(memory->get()).ok());
    EXPECT_FALSE(Mapping::map(memory->get(), kHugePage, Mapping::Access::read_write).ok());
    EXPECT_TRUE(Mapping::map(memory->get(), kHugePage, Mapping::Access::read_only).ok());
}

TEST(MappedMemory, ThatIsLargerThanTheAddressSpaceIsAnError) {
    constexpr uint64_t kMore = uint64_t{1} << 60;
    const auto memory = create_memfd("camtap-test", kMore);
    ASSERT_TRUE(memory.ok());
    const auto mapping = Mapping::map(memory->get(), kMore, Mapping::Access::read_only);
    ASSERT_FALSE(mapping.ok());
    EXPECT_EQ(mapping.error().code, Code::no_memory);
}

}  // namespace
}  // namespace camtap
