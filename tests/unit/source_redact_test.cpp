#include <gtest/gtest.h>

#include "daemon/source/redact.h"

namespace camtap::source {
namespace {

TEST(Redact, user_and_password_of_a_url_go) {
    EXPECT_EQ(redact("rtsp://admin:s3cret@cam.local:554/ch1"), "rtsp://***@cam.local:554/ch1");
    EXPECT_EQ(redact("can't open \"http://u:p@h/x\": refused"), "can't open \"http://***@h/x\": refused");
}

TEST(Redact, passwords_with_unescaped_signs_go_whole) {
    const std::string clean = redact("rtsp://admin:p@ss/w?rd@cam/ch1 and rtsp://a:b@c/d");
    EXPECT_EQ(clean, "rtsp://***@cam/ch1 and rtsp://***@c/d");
}

TEST(Redact, keys_that_hold_secrets_lose_their_values) {
    EXPECT_EQ(redact("http://cam/x?user=a&Password=geheim&z=1"), "http://cam/x?user=a&Password=***&z=1");
    EXPECT_EQ(redact("rtspsrc location=rtsp://c/1 user-id=a user-pw=\"two words\" ! decodebin"),
              "rtspsrc location=rtsp://c/1 user-id=a user-pw=*** ! decodebin");
    EXPECT_EQ(redact("user-pw=\"no end"), "user-pw=***");
}

TEST(Redact, everything_else_stays) {
    for (const char* text :
         {"", "://", "http://", "http://host/a", "mail a@b", "password", "images: no images in /x"}) {
        EXPECT_EQ(redact(text), text);
    }
}

}  // namespace
}  // namespace camtap::source
