// The C interface as programs of another age see it: sizes of structs, names, codes.
#include <gtest/gtest.h>

#include <cstring>

#include "client/text.h"
#include "common/result.h"
#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

// Layout of 0.1, x86-64 and every other LP64 platform. Fields may only be added at the end.
static_assert(sizeof(camtap_image) == 40 && offsetof(camtap_image, stride) == 24);
static_assert(sizeof(camtap_missed) == 48);
static_assert(sizeof(camtap_frame_info) == 128 && offsetof(camtap_frame_info, image) == 40);
static_assert(sizeof(camtap_tap_options) == 24);
static_assert(sizeof(camtap_tap_status) == 344 && offsetof(camtap_tap_status, expected) == 264);
static_assert(sizeof(camtap_publisher_options) == 32 && offsetof(camtap_publisher_options, connection) == 24);
static_assert(sizeof(camtap_slot) == 32 && sizeof(camtap_publish_info) == 64);
static_assert(sizeof(camtap_stream_info) == 512 && sizeof(camtap_tap_info) == 232);
static_assert(sizeof(camtap_reload_result) == 1040);

namespace camtap::test {
namespace {

TEST(Interface, FillsNoMoreOfAStructThanTheCallerKnows) {
    FakeDaemon daemon;
    TapHandle tap;
    ASSERT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
    camtap_tap_status status;
    std::memset(&status, 0xee, sizeof status);
    status.size = offsetof(camtap_tap_status, expected);
    ASSERT_EQ(camtap_tap_get_status(tap.get(), &status), CAMTAP_OK);
    EXPECT_EQ(status.size, offsetof(camtap_tap_status, expected));
    EXPECT_EQ(status.state, CAMTAP_LIVE);
    EXPECT_EQ(status.expected, 0xeeee'eeee'eeee'eeee);
    status.size = 0;
    EXPECT_EQ(camtap_tap_get_status(tap.get(), &status), CAMTAP_ERROR_INVALID);
}

TEST(Interface, TakesOptionsOfOlderAndNewerPrograms) {
    FakeDaemon daemon;
    daemon.begin_generation(1, 100)->publish();
    struct {
        camtap_tap_options options;
        char from_the_future[64];
    } newer{};
    std::memset(newer.from_the_future, 0xee, sizeof newer.from_the_future);
    newer.options.size = sizeof newer;
    newer.options.socket_path = daemon.socket_path().c_str();
    newer.options.attach_timeout_ns = kLong;
    camtap_tap* tap = nullptr;
    ASSERT_EQ(camtap_tap_open("front", &newer.options, &tap), CAMTAP_OK);
    camtap_tap_close(tap);
    newer.options.size = 0;
    tap = nullptr;
    EXPECT_EQ(camtap_tap_open("front", &newer.options, &tap), CAMTAP_ERROR_INVALID);
    EXPECT_EQ(tap, nullptr) << "outputs are untouched on failure";
    EXPECT_NE(std::strstr(camtap_last_error(), "CAMTAP_INIT"), nullptr);
}

TEST(Interface, NullIsInvalidOrNothing) {
    camtap_tap* tap = nullptr;
    EXPECT_EQ(camtap_tap_open(nullptr, nullptr, &tap), CAMTAP_ERROR_INVALID);
    EXPECT_EQ(camtap_tap_open("front", nullptr, nullptr), CAMTAP_ERROR_INVALID);
    EXPECT_EQ(camtap_tap_fd(nullptr), CAMTAP_ERROR_INVALID);
    camtap_tap_close(nullptr);
    camtap_frame_release(nullptr);
    camtap_publisher_close(nullptr);
    camtap_publisher_discard(nullptr, nullptr);
    camtap_publisher_count(nullptr, CAMTAP_COUNT_COPY, 1);
    camtap_free(nullptr);
}

TEST(Interface, CodesAreThoseOfTheInside) {
    EXPECT_EQ(static_cast<int>(Code::malformed), static_cast<int>(CAMTAP_ERROR_MALFORMED));
    EXPECT_EQ(static_cast<int>(Code::unknown_stream), static_cast<int>(CAMTAP_ERROR_UNKNOWN_STREAM));
    EXPECT_STREQ(camtap_error_name(CAMTAP_OK), "ok");
    EXPECT_STREQ(camtap_error_name(CAMTAP_ERROR_TOO_MANY_FRAMES), "too_many_frames");
    EXPECT_STREQ(camtap_error_name(CAMTAP_ERROR_MALFORMED), "malformed");
    EXPECT_STREQ(camtap_error_name(static_cast<camtap_error>(-31)), "unknown_error");
    EXPECT_STREQ(camtap_stream_state_name(CAMTAP_STREAM_GONE), "gone");
    EXPECT_STREQ(camtap_stream_state_name(0), "unknown");
    EXPECT_STREQ(camtap_tap_state_name(CAMTAP_CONNECTING), "connecting");
    EXPECT_STREQ(camtap_version(), "0.1.0");
}

TEST(Interface, FormatsHaveNames) {
    const auto name = [](uint32_t fourcc, uint16_t depth, uint16_t channels) {
        camtap_image image = CAMTAP_INIT(camtap_image);
        image.fourcc = fourcc;
        image.depth = depth;
        image.channels = channels;
        char text[16] = {};
        camtap_format_name(&image, text, sizeof text);
        return std::string(text);
    };
    EXPECT_EQ(name(CAMTAP_FOURCC_BGR8, CAMTAP_U8, 3), "bgr8");
    EXPECT_EQ(name(CAMTAP_FOURCC_GRAY16, CAMTAP_U16, 1), "gray16");
    EXPECT_EQ(name(CAMTAP_FOURCC_BGR8, CAMTAP_U8, 1), "unknown") << "a name that its channels contradict";
    EXPECT_EQ(name(0, CAMTAP_U16, 4), "u16x4");
    EXPECT_EQ(name(0, CAMTAP_F16, 512), "f16x512");
    EXPECT_EQ(name(0, 8, 1), "unknown");
    EXPECT_EQ(name(CAMTAP_FOURCC('M', 'J', 'P', 'G'), 0, 1), "unknown");
}

TEST(Interface, AFrameIsCopiedRowByRow) {
    FakeDaemon daemon;
    daemon.begin_generation(1, 100)->publish();
    TapHandle tap;
    ASSERT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
    const Got got = next(tap);
    uint8_t rows[8] = {};
    EXPECT_EQ(camtap_frame_copy(got.frame.get(), rows, sizeof rows, 5), CAMTAP_OK);
    const uint8_t expected[8] = {100, 100, 0, 0, 0, 100, 100, 0};
    EXPECT_EQ(std::memcmp(rows, expected, sizeof rows), 0);
    EXPECT_EQ(camtap_frame_copy(got.frame.get(), rows, 6, 5), CAMTAP_ERROR_TOO_BIG);
    EXPECT_EQ(camtap_frame_copy(got.frame.get(), rows, 3, 0), CAMTAP_ERROR_TOO_BIG);
    EXPECT_EQ(camtap_frame_copy(got.frame.get(), rows, sizeof rows, 1), CAMTAP_ERROR_INVALID);
    EXPECT_EQ(camtap_frame_copy(got.frame.get(), rows, 4, 0), CAMTAP_OK);
}

TEST(Interface, WordsOfAPeerBecomeValidUtf8) {
    const auto cleaned = [](std::string_view text, size_t bytes) {
        std::string field(bytes, 'X');
        client::copy_text(field.data(), bytes, text);
        return std::string(field.c_str());
    };
    EXPECT_EQ(cleaned("plain", 16), "plain");
    EXPECT_EQ(cleaned("plain", 4), "pla");
    EXPECT_EQ(cleaned("a\xc3\xa4", 3), "a") << "no half characters";
    EXPECT_EQ(cleaned("\xf0\x9f\x93\xb7", 5), "\xf0\x9f\x93\xb7");
    EXPECT_EQ(cleaned("\xc0\xaf\xed\xa0\x80", 16), "?????") << "overlong, surrogate";
    EXPECT_EQ(cleaned("\xf4\x90\x80\x80", 16), "????") << "beyond Unicode";
    EXPECT_EQ(cleaned("\xe2\x82", 16), "??") << "cut off";
}

}  // namespace
}  // namespace camtap::test
