// Promise: running out of memory when a slot is backed is an error at that one place, never a SIGBUS, and
// passes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>

#include "common/sealed_memory.h"
#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

namespace camtap::test {
namespace {

// Owns: a file system of 512 KiB that only this object can reach. Files in it may be longer than it is large.
class SmallMemory {
  public:
    SmallMemory() {
        std::string folder = "/tmp/camtap-test-XXXXXX";
        if (mkdtemp(folder.data()) == nullptr) return;
        if (mount("none", folder.c_str(), "tmpfs", 0, "size=512k") == 0) {
            folder_.reset(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
            umount2(folder.c_str(), MNT_DETACH);
        }
        rmdir(folder.c_str());
    }
    bool ok() const { return static_cast<bool>(folder_); }
    int folder() const { return folder_.get(); }
    // Takes all of the space but `left`, or gives it back.
    void fill(off_t left) const {
        const UniqueFd fd(openat(folder_.get(), "ballast", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        off_t bytes = 4096;
        while (fallocate(fd.get(), 0, 0, bytes) == 0) bytes += 4096;
        EXPECT_EQ(ftruncate(fd.get(), std::max<off_t>(0, bytes - 4096 - left)), 0);
    }
    void clear() const { unlinkat(folder_.get(), "ballast", 0); }

  private:
    UniqueFd folder_;
};

TEST(OutOfMemory, BackingSaysSo) {
    const SmallMemory memory;
    if (!memory.ok()) GTEST_SKIP() << "needs the right to mount a tmpfs";
    const UniqueFd fd(openat(memory.folder(), "long", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(ftruncate(fd.get(), 1 << 20), 0);
    const Result<Mapping> mapping = Mapping::map(fd.get(), 1 << 20, Mapping::Access::read_write);
    ASSERT_TRUE(mapping.ok());
    EXPECT_TRUE(back_with_memory(mapping->data(), 4096).ok());
    const Status backed = back_with_memory(mapping->data(), 1 << 20);
    ASSERT_FALSE(backed.ok());
    EXPECT_EQ(backed.error().code, Code::no_memory);
}

TEST(OutOfMemory, APublisherIsToldAndGoesOnWhenThereIsMemoryAgain) {
    const SmallMemory memory;
    if (!memory.ok()) GTEST_SKIP() << "needs the right to mount a tmpfs";
    FakeDaemon daemon;
    daemon.memory_folder = memory.folder();
    camtap_publisher_options options = CAMTAP_INIT(camtap_publisher_options);
    options.socket_path = daemon.socket_path().c_str();
    options.attach_timeout_ns = kLong;
    options.connection = -1;
    camtap_publisher* opened = nullptr;
    ASSERT_EQ(camtap_publisher_open("front", &options, &opened), CAMTAP_OK);
    const PublisherHandle publisher(opened);
    camtap_slot first = CAMTAP_INIT(camtap_slot);
    ASSERT_EQ(camtap_publisher_acquire(publisher.get(), 100'000, kLong, &first), CAMTAP_OK)
        << camtap_last_error();
    memory.fill(40'000);
    camtap_slot slot = CAMTAP_INIT(camtap_slot);
    EXPECT_EQ(camtap_publisher_acquire(publisher.get(), 100'000, kLong, &slot), CAMTAP_ERROR_NO_MEMORY);
    EXPECT_NE(std::string(camtap_last_error()).find("memory"), std::string::npos) << camtap_last_error();
    memory.clear();
    EXPECT_EQ(camtap_publisher_acquire(publisher.get(), 100'000, kLong, &slot), CAMTAP_OK)
        << camtap_last_error();
}

}  // namespace
}  // namespace camtap::test
