// Promise: an argument that is missing or makes no sense is an error with a sentence, never a crash.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

namespace camtap::test {
namespace {

class Arguments : public testing::Test {
  protected:
    Arguments() {
        daemon.begin_generation(1, 100)->publish();
        EXPECT_EQ(open_tap(daemon.socket_path(), tap, true), CAMTAP_OK);
        camtap_publisher_options options = CAMTAP_INIT(camtap_publisher_options);
        options.socket_path = daemon.socket_path().c_str();
        options.attach_timeout_ns = kLong;
        camtap_publisher* opened = nullptr;
        EXPECT_EQ(camtap_publisher_open("front", &options, &opened), CAMTAP_OK);
        publisher.reset(opened);
    }
    FakeDaemon daemon;
    TapHandle tap;
    PublisherHandle publisher;
};

#define EXPECT_INVALID(call, words)        \
    EXPECT_EQ(call, CAMTAP_ERROR_INVALID); \
    EXPECT_NE(std::strstr(camtap_last_error(), words), nullptr) << camtap_last_error()

TEST_F(Arguments, OfATapAreNamedIfMissing) {
    camtap_frame* frame = nullptr;
    EXPECT_INVALID(camtap_tap_next(nullptr, 0, &frame), "a tap");
    EXPECT_INVALID(camtap_tap_next(tap.get(), 0, nullptr), "a place for the frame");
    EXPECT_INVALID(camtap_tap_try_next(nullptr, &frame), "a tap");
    EXPECT_INVALID(camtap_tap_try_next(tap.get(), nullptr), "a place for the frame");
    EXPECT_INVALID(camtap_tap_latest(nullptr, 0, -1, &frame), "a tap");
    EXPECT_INVALID(camtap_tap_latest(tap.get(), 0, -1, nullptr), "a place for the frame");
    camtap_tap_status status = CAMTAP_INIT(camtap_tap_status);
    EXPECT_INVALID(camtap_tap_get_status(nullptr, &status), "a tap");
    EXPECT_INVALID(camtap_tap_get_status(tap.get(), nullptr), "camtap_tap_status is missing");
    EXPECT_EQ(frame, nullptr);
}

TEST_F(Arguments, OfAFrameAreNamedIfMissing) {
    const Got got = next(tap);
    ASSERT_EQ(got.error, CAMTAP_OK);
    uint8_t pixels[4];
    EXPECT_INVALID(camtap_frame_copy(nullptr, pixels, sizeof pixels, 0), "a frame");
    EXPECT_INVALID(camtap_frame_copy(got.frame.get(), nullptr, sizeof pixels, 0), "a destination");
}

TEST_F(Arguments, OfAPublisherAreNamedIfMissing) {
    camtap_publisher* other = nullptr;
    EXPECT_INVALID(camtap_publisher_open(nullptr, nullptr, &other), "a stream name");
    EXPECT_INVALID(camtap_publisher_open("front", nullptr, nullptr), "a place for the publisher");
    camtap_publisher_options options{};  // not by CAMTAP_INIT
    EXPECT_INVALID(camtap_publisher_open("front", &options, &other), "CAMTAP_INIT");
    camtap_slot slot = CAMTAP_INIT(camtap_slot);
    EXPECT_INVALID(camtap_publisher_acquire(nullptr, 4, 0, &slot), "a publisher");
    EXPECT_INVALID(camtap_publisher_acquire(publisher.get(), 4, 0, nullptr), "camtap_slot is missing");
    ASSERT_EQ(camtap_publisher_acquire(publisher.get(), 4, kLong, &slot), CAMTAP_OK);
    const camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    EXPECT_INVALID(camtap_publisher_publish(nullptr, &slot, &info, nullptr), "a publisher");
    EXPECT_INVALID(camtap_publisher_publish(publisher.get(), nullptr, &info, nullptr), "camtap_slot");
    EXPECT_INVALID(camtap_publisher_publish(publisher.get(), &slot, nullptr, nullptr), "camtap_publish_info");
    camtap_publisher_discard(publisher.get(), nullptr);
    camtap_publisher_discard(publisher.get(), &slot);
    EXPECT_INVALID(camtap_publisher_report(nullptr, CAMTAP_OPENING, nullptr), "a publisher");
    for (const int unknown : {CAMTAP_OPENING - 1, CAMTAP_FAILED + 1}) {
        EXPECT_INVALID(
            camtap_publisher_report(publisher.get(), static_cast<camtap_activity>(unknown), nullptr),
            "a known activity");
    }
}

TEST_F(Arguments, OfQuestionsAreNamedIfMissing) {
    camtap_stream_info* streams = nullptr;
    camtap_tap_info* taps = nullptr;
    size_t count = 0;
    EXPECT_INVALID(camtap_list_streams(nullptr, nullptr, 0, nullptr, &count), "a place for the list");
    EXPECT_INVALID(camtap_list_streams(nullptr, nullptr, 0, &streams, nullptr), "a place for the list");
    EXPECT_INVALID(camtap_list_taps(nullptr, nullptr, 0, nullptr, &count), "a place for the list");
    EXPECT_INVALID(camtap_list_taps(nullptr, nullptr, 0, &taps, nullptr), "a place for the list");
    EXPECT_EQ(camtap_list_taps(nullptr, "no name", 0, &taps, &count), CAMTAP_ERROR_BAD_NAME);
    camtap_reload_result result{};  // not by CAMTAP_INIT
    EXPECT_INVALID(camtap_reload(nullptr, 0, &result), "CAMTAP_INIT");
    EXPECT_EQ(camtap_reload("/nowhere/camtap.sock", 0, nullptr), CAMTAP_ERROR_NO_DAEMON);
}

TEST_F(Arguments, OfFormatsMayBeMissing) {
    camtap_image image = CAMTAP_INIT(camtap_image);
    char text[] = "as it was";
    camtap_format_name(nullptr, text, sizeof text);
    camtap_format_name(&image, text, 0);
    camtap_format_name(&image, nullptr, sizeof text);
    EXPECT_STREQ(text, "as it was");
}

TEST_F(Arguments, ThatAreNoCodesAndStatesHaveNamesThatSaySo) {
    EXPECT_STREQ(camtap_error_name(static_cast<camtap_error>(1)), "unknown_error");
    EXPECT_STREQ(camtap_stream_state_name(CAMTAP_STREAM_GONE + 1), "unknown");
    EXPECT_STREQ(camtap_tap_state_name(0), "unknown");
    EXPECT_STREQ(camtap_tap_state_name(CAMTAP_GONE + 1), "unknown");
}

}  // namespace
}  // namespace camtap::test
