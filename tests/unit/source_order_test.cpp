#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/source/natural_order.h"

namespace camtap::source {
namespace {

TEST(NaturalOrder, numbers_compare_as_numbers) {
    std::vector<std::string> names = {"img10.jpg",  "img2.jpg",   "img1.jpg", "a",
                                      "img02b.jpg", "img100.jpg", "img"};
    std::sort(names.begin(), names.end(), natural_less);
    const std::vector<std::string> expected = {"a",          "img",       "img1.jpg",  "img2.jpg",
                                               "img02b.jpg", "img10.jpg", "img100.jpg"};
    EXPECT_EQ(names, expected);
}

TEST(NaturalOrder, numbers_longer_than_any_integer) {
    EXPECT_TRUE(natural_less("x99999999999999999999999998", "x99999999999999999999999999"));
    EXPECT_TRUE(natural_less("x99999999999999999999999999", "x100000000000000000000000000"));
}

TEST(NaturalOrder, leading_zeros_still_give_one_order) {
    EXPECT_NE(natural_less("a01", "a1"), natural_less("a1", "a01"));
    EXPECT_FALSE(natural_less("a1", "a1"));
    EXPECT_TRUE(natural_less("a1", "a01b"));
}

TEST(NaturalOrder, is_a_strict_weak_order_over_awkward_names) {
    const std::vector<std::string> names = {"",   "0",   "00",  "1",  "01",   "a",
                                            "a0", "a00", "a0a", "a1", "\xff", "a\xff"};
    for (const auto& a : names) {
        EXPECT_FALSE(natural_less(a, a));
        for (const auto& b : names) {
            EXPECT_EQ(natural_less(a, b) || natural_less(b, a), a != b) << a << " and " << b;
            for (const auto& c : names) {
                EXPECT_TRUE(!natural_less(a, b) || !natural_less(b, c) || natural_less(a, c)) << a << b << c;
            }
        }
    }
}

}  // namespace
}  // namespace camtap::source
