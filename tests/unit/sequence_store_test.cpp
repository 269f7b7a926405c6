// Promise: a sequence number is never used twice, whenever the daemon dies.
#include "daemon/sequence_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace camtap {
namespace {

struct Store : testing::Test {
    std::string directory = [] {
        char pattern[] = "/tmp/camtap-test-XXXXXX";
        return std::string(mkdtemp(pattern));
    }();
    std::string path = directory + "/sequences";
    ~Store() override {
        unlink(path.c_str());
        rmdir(directory.c_str());
    }
    SequenceStore open() {
        auto store = SequenceStore::open(path);
        EXPECT_TRUE(store.ok());
        return *store;
    }
};

TEST_F(Store, BeginsWithOne) {
    EXPECT_EQ(open().first_unused("front"), 1u);
}

TEST_F(Store, TheNextRunBeginsBehindEverythingThatWasReserved) {
    SequenceStore first = open();
    ASSERT_TRUE(first.reserve("front", 5).ok());
    ASSERT_TRUE(first.reserve("front/obstacles", 3 * SequenceStore::kBlock).ok());
    const SequenceStore second = open();  // the first one is not told that it ends: as with SIGKILL
    EXPECT_GT(second.first_unused("front"), 5u);
    EXPECT_GT(second.first_unused("front/obstacles"), 3 * SequenceStore::kBlock);
    EXPECT_EQ(second.first_unused("rear"), 1u);
}

TEST_F(Store, WritesOncePerBlock) {
    SequenceStore store = open();
    ASSERT_TRUE(store.reserve("front", 1).ok());
    unlink(path.c_str());
    ASSERT_TRUE(store.reserve("front", SequenceStore::kBlock).ok());
    EXPECT_NE(access(path.c_str(), F_OK), 0);
    ASSERT_TRUE(store.reserve("front", SequenceStore::kBlock + 2).ok());
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
}

TEST_F(Store, AnythingElseInTheFileIsAnErrorThatNamesIt) {
    for (const char* text : {"", "hello", "camtap-sequences 1\nUPPER 5\n", "camtap-sequences 1\nfront x\n"}) {
        std::ofstream(path) << text;
        const auto store = SequenceStore::open(path);
        ASSERT_FALSE(store.ok()) << text;
        EXPECT_NE(store.error().message.find(path), std::string::npos);
    }
}

TEST_F(Store, BegunAnewItStartsAboveAllThatCanHaveBeen) {
    std::ofstream(path) << "hello";
    SequenceStore anew = SequenceStore::begin_anew(path);
    const uint64_t first = anew.first_unused("front");
    EXPECT_GT(first, uint64_t{1'000'000'000} * SequenceStore::kBlock);
    ASSERT_TRUE(anew.reserve("front", first).ok());
    const SequenceStore next = open();
    EXPECT_GT(next.first_unused("front"), first) << "the file is sound again";
    EXPECT_EQ(next.first_unused("rear"), first)
        << "which published nothing in that run, and may have before it";
}

TEST_F(Store, SaysWhenItCantWrite) {
    SequenceStore store = *SequenceStore::open(directory + "/missing/sequences");
    EXPECT_EQ(store.reserve("front", 1).error().code, Code::system);
}

}  // namespace
}  // namespace camtap
