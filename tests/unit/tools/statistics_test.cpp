// The figures of watch's summary.
#include "statistics.h"

#include <gtest/gtest.h>

namespace camtap::tools {
namespace {

TEST(Quantiles, AreWithinOnePercent) {
    Quantiles q;
    for (int64_t us = 1; us <= 1000; ++us) q.add(us * 1000);
    EXPECT_NEAR(static_cast<double>(q.at(0.5)), 500e3, 5e3);
    EXPECT_NEAR(static_cast<double>(q.at(0.99)), 990e3, 10e3);
    EXPECT_NEAR(static_cast<double>(q.at(1)), 1000e3, 10e3);
}

TEST(Quantiles, OfNothingAreZero) {
    EXPECT_EQ(Quantiles().at(0.5), 0);
}

TEST(Quantiles, TimesInTheFutureCountAsZero) {
    Quantiles q;
    q.add(-5);
    q.add(0);
    EXPECT_EQ(q.at(0.99), 0);
    EXPECT_EQ(q.count(), 2U);
}

TEST(Quantiles, DaysAndNanosecondsFit) {
    Quantiles q;
    q.add(INT64_MAX);
    q.add(1);
    EXPECT_EQ(q.at(0.5), 1);
    EXPECT_GT(q.at(1), INT64_MAX / 2);
}

TEST(Spread, MeanAndDeviation) {
    Spread s;
    for (const double x : {2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0}) s.add(x);
    EXPECT_DOUBLE_EQ(s.mean(), 5);
    EXPECT_NEAR(s.deviation(), 2.13809, 1e-5);
}

TEST(Spread, OneValueHasNoDeviation) {
    Spread s;
    s.add(3);
    EXPECT_EQ(s.deviation(), 0);
}

}  // namespace
}  // namespace camtap::tools
