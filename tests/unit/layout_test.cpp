// Promise: programs and daemons of different ages understand each other or say that they don't. Whoever
// changes a number here changes a version: layout::kMajor or kMinor, wire::kMajor or kMinor.
#include "common/layout.h"

#include <gtest/gtest.h>

#include <cstring>

#include "common/stream_name.h"
#include "common/wire.h"

namespace camtap {
namespace {

TEST(Layout, VersionsAndSizesBelongTogether) {
    EXPECT_EQ(layout::kMajor, 3);
    EXPECT_EQ(layout::kMinor, 0);
    EXPECT_EQ(sizeof(layout::SegmentHeader), 152u);
    EXPECT_EQ(sizeof(layout::SlotDescriptor), 128u);
    EXPECT_EQ(sizeof(layout::FrameRecord), 96u);
    EXPECT_EQ(sizeof(layout::PinPage), 640u);
    EXPECT_EQ(offsetof(layout::FrameRecord, bytes), 24u);
    EXPECT_EQ(offsetof(layout::FrameRecord, width), 40u);
    EXPECT_EQ(offsetof(layout::FrameRecord, fourcc), 52u);
    EXPECT_EQ(offsetof(layout::FrameRecord, counters), 64u);
    EXPECT_EQ(std::memcmp(&layout::kSegmentMagic, "CMTAPSEG", 8), 0);
}

TEST(Layout, MessagesAndTheirVersionBelongTogether) {
    EXPECT_EQ(wire::kMajor, 3);
    EXPECT_EQ(wire::kMinor, 0);
    const auto hello = wire::make<wire::Hello>();
    unsigned char bytes[sizeof hello];
    std::memcpy(bytes, &hello, sizeof hello);
    const unsigned char begin[] = {1, 0, 0, 0, 152, 0, 0, 0};
    EXPECT_EQ(std::memcmp(bytes, begin, sizeof begin), 0);
    EXPECT_EQ(std::memcmp(&wire::kHelloMagic, "MTAP", 4), 0);
    EXPECT_EQ(offsetof(wire::Hello, major), 12u);
    EXPECT_EQ(static_cast<int>(wire::Type::verdict), 45);
    EXPECT_EQ(sizeof(wire::Verdict), 1048u);
    EXPECT_EQ(static_cast<int>(wire::Type::seat), 24);
    EXPECT_EQ(sizeof(wire::Seat), 48u);
    EXPECT_EQ(offsetof(wire::Seat, through), 40u);
}

TEST(Layout, PartsOfASegmentNeitherOverlapNorOverflow) {
    for (const uint32_t slots : {1u, 2u, 38u, layout::kMaxSlots}) {
        for (const uint32_t visible : {1u, 2u, 3u, 36u, layout::kMaxSlots}) {
            for (const uint64_t bytes :
                 {uint64_t{0}, uint64_t{1}, uint64_t{4096}, uint64_t{4097}, uint64_t{1} << 40}) {
                const auto g = layout::Geometry::of(slots, visible, bytes);
                ASSERT_TRUE(g.valid());
                EXPECT_GE(g.index_length, visible);
                EXPECT_GE(g.slot_bytes, bytes);
                EXPECT_GE(g.descriptors_offset(),
                          layout::Geometry::kIndexOffset + 4 * uint64_t{g.index_length});
                EXPECT_GE(g.metadata_bytes(), g.descriptors_offset() + 128 * uint64_t{slots});
                EXPECT_GE(g.payload_offset(), g.metadata_bytes());
                if (bytes >= layout::kHugePage) {
                    EXPECT_EQ(g.payload_offset() % layout::kHugePage, 0u);
                    EXPECT_EQ(g.slot_bytes % layout::kHugePage, 0u);
                }
                EXPECT_EQ(g.descriptors_offset() % alignof(layout::SlotDescriptor), 0u);
                EXPECT_EQ(g.payload_offset() % layout::kPage, 0u);
                EXPECT_EQ((g.segment_bytes() - g.payload_offset()) / g.slot_bytes, slots);
            }
        }
    }
}

TEST(Layout, NonsenseGeometryIsNotValid) {
    EXPECT_FALSE((layout::Geometry{0, 4, 4096}.valid()));
    EXPECT_FALSE((layout::Geometry{4, 3, 4096}.valid()));
    EXPECT_FALSE((layout::Geometry{4, 0, 4096}.valid()));
    EXPECT_FALSE((layout::Geometry{4, 4, 100}.valid()));
    EXPECT_FALSE((layout::Geometry{4, 4, 0}.valid()));
    EXPECT_FALSE((layout::Geometry{~0u, 4, 4096}.valid()));
    EXPECT_FALSE((layout::Geometry{4, 4, ~uint64_t{4095}}.valid()));
}

TEST(StreamName, TheGrammar) {
    for (const char* name : {"a", "front", "front/obstacles", "a-b_c/0", "0"}) {
        EXPECT_EQ(stream_name_fault(name), "") << name;
    }
    EXPECT_EQ(stream_name_fault(std::string(63, 'a')), "");
    for (const char* name : {"", "/", "a/", "/a", "a//b", "A", "a b", "a.b", "ä", "a\n"}) {
        EXPECT_NE(stream_name_fault(name), "") << name;
    }
    EXPECT_NE(stream_name_fault(std::string(64, 'a')), "");
    EXPECT_NE(stream_name_fault(std::string_view("a\0b", 3)), "");
}

}  // namespace
}  // namespace camtap
