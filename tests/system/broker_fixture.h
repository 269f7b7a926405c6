// A daemon, and an honest publisher and tap that must not notice whatever else happens to it.
#pragma once

#include <cstring>

#include "common/pins.h"
#include "daemon_process.h"
#include "raw_client.h"

namespace camtap::test {

inline constexpr int64_t kGuardNs = 20'000'000'000;

inline constexpr const char* kBrokerConfig = R"(
[daemon]
handshake_timeout = "300 ms"
max_connections = 200
max_connections_per_user = 40
max_requests_per_second = 500
[[stream]]
name = "test"
source = "publisher"
depth = 2
max_taps = 4
[[stream]]
name = "beside"
source = "publisher"
)";

struct Broker : testing::Test {
    DaemonProcess daemon{kBrokerConfig};
    camtap_publisher* publisher = nullptr;
    camtap_tap* tap = nullptr;
    uint8_t shown = 0;

    void SetUp() override {
        const std::string path = daemon.socket_path();
        camtap_publisher_options p = CAMTAP_INIT(camtap_publisher_options);
        p.socket_path = path.c_str();
        p.connection = -1;
        ASSERT_EQ(camtap_publisher_open("beside", &p, &publisher), CAMTAP_OK) << camtap_last_error();
        camtap_tap_options t = CAMTAP_INIT(camtap_tap_options);
        t.socket_path = path.c_str();
        ASSERT_EQ(camtap_tap_open("beside", &t, &tap), CAMTAP_OK) << camtap_last_error();
    }
    void publish(uint8_t value) {
        camtap_slot slot = CAMTAP_INIT(camtap_slot);
        ASSERT_EQ(camtap_publisher_acquire(publisher, 1, kGuardNs, &slot), CAMTAP_OK) << camtap_last_error();
        *static_cast<uint8_t*>(slot.data) = value;
        camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
        info.source_sequence = UINT64_MAX;
        info.image = CAMTAP_INIT(camtap_image);
        info.image.width = info.image.height = 1;
        info.image.channels = 1;
        info.image.stride = 1;
        ASSERT_EQ(camtap_publisher_publish(publisher, &slot, &info, nullptr), CAMTAP_OK)
            << camtap_last_error();
    }
    // The whole way from the honest publisher to the honest tap still works, in order, without a miss.
    void expect_others_unharmed() {
        for (int i = 0; i < 5; ++i) {
            publish(++shown);
            camtap_frame* frame = nullptr;
            ASSERT_EQ(camtap_tap_next(tap, kGuardNs, &frame), CAMTAP_OK) << camtap_last_error();
            EXPECT_EQ(*static_cast<const uint8_t*>(camtap_frame_data(frame)), shown);
            EXPECT_EQ(camtap_frame_get_info(frame)->missed.too_slow, 0u);
            camtap_frame_release(frame);
        }
    }
    void TearDown() override {
        expect_others_unharmed();
        camtap_tap_close(tap);
        camtap_publisher_close(publisher);
        EXPECT_EQ(daemon.stop(), 0);
    }
};

}  // namespace camtap::test
