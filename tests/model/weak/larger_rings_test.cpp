// Promise: what pins_weak_test.cpp shows of small rings holds with more taps, pins, looks and frames.
#include "soundness.h"

namespace camtap::weak {
namespace {

class LargerRing : public testing::TestWithParam<size_t> {};

TEST_P(LargerRing, NothingGoesWrong) {
    expect_sound(larger_experiments()[GetParam()]);
}
INSTANTIATE_TEST_SUITE_P(PinsUnderCpp20, LargerRing, testing::Range<size_t>(0, larger_experiments().size()));

}  // namespace
}  // namespace camtap::weak
