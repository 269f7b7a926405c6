// Promise: every cv::Mat goes in and comes out as it was, and looking at it costs no copy.
#include <camtap/opencv.hpp>
#include <opencv2/core.hpp>
#include <type_traits>
#include <utility>

#include "daemon_fixture.h"
#include "forked.h"

namespace camtap::test {
namespace {

constexpr const char* kPublisher = R"(
[[stream]]
name = "test"
source = "publisher"
)";

struct OpenCv : testing::Test {
    Daemon daemon{kPublisher};
    Publisher publisher = daemon.publisher("test");
    Tap tap = daemon.tap("test");

    std::optional<Frame> through(const cv::Mat& m) {
        publisher.publish(m);
        return tap.next(kGuard);
    }
};

bool same(const cv::Mat& a, const cv::Mat& b) {
    if (a.size() != b.size() || a.type() != b.type()) return false;
    for (int y = 0; y < a.rows; ++y) {
        if (std::memcmp(a.ptr(y), b.ptr(y), a.elemSize() * static_cast<size_t>(a.cols)) != 0) return false;
    }
    return true;
}

cv::Mat numbered(int rows, int cols, int type) {
    cv::Mat m(rows, cols, type);
    for (int y = 0; y < rows; ++y) {
        for (size_t x = 0; x < m.elemSize() * static_cast<size_t>(cols); ++x) {
            m.ptr(y)[x] = static_cast<uchar>(7 * static_cast<size_t>(y) + x);
        }
    }
    return m;
}

TEST_F(OpenCv, EveryDepthAndChannelCountComesOutAsItWentIn) {
    for (int depth = CV_8U; depth <= CV_16F; ++depth) {
        for (const int channels : {1, 2, 3, 4, 7}) {
            const cv::Mat sent = numbered(5, 3, CV_MAKETYPE(depth, channels));
            const auto frame = through(sent);
            ASSERT_TRUE(frame);
            EXPECT_TRUE(same(mat(*frame), sent)) << format_name(frame->image());
        }
    }
}

TEST_F(OpenCv, TheUsualTypesHaveNames) {
    EXPECT_EQ(format_name(through(numbered(2, 2, CV_8UC3))->image()), "bgr8");
    EXPECT_EQ(format_name(through(numbered(2, 2, CV_8UC4))->image()), "bgra8");
    EXPECT_EQ(format_name(through(numbered(2, 2, CV_8UC1))->image()), "gray8");
    EXPECT_EQ(format_name(through(numbered(2, 2, CV_16UC1))->image()), "gray16");
}

TEST_F(OpenCv, AMatrixThatIsntContinuousIsStoredCorrectly) {
    const cv::Mat whole = numbered(40, 60, CV_8UC3);
    const cv::Mat region = whole(cv::Rect(7, 9, 31, 17));
    ASSERT_FALSE(region.isContinuous());
    const auto frame = through(region);
    ASSERT_TRUE(frame);
    EXPECT_TRUE(same(mat(*frame), region));
    EXPECT_EQ(frame->image().stride, 31u * 3);
}

TEST_F(OpenCv, AViewIsNoCopyAndCopyToUsesTheMatricesMemoryAgain) {
    const auto frame = through(numbered(48, 64, CV_8UC3));
    ASSERT_TRUE(frame);
    EXPECT_EQ(mat(*frame).data, frame->data());
    cv::Mat mine(48, 64, CV_8UC3);
    const uchar* const before = mine.data;
    frame->copy_to(mine);
    EXPECT_EQ(mine.data, before);
    EXPECT_TRUE(same(mine, mat(*frame)));
    EXPECT_EQ(daemon.info("test").copies, 1u);
}

TEST_F(OpenCv, DrawingOnAViewIsAFault) {
    const auto frame = through(numbered(48, 64, CV_8UC3));
    ASSERT_TRUE(frame);
    Forked child([&](Forked::Child&) {
        Tap own = daemon.tap("test");
        const auto mine = own.next(kGuard);
        if (!mine) return 1;
        signal(SIGSEGV, SIG_DFL);  // sanitizers have a handler of their own
        const cv::Mat view = mat(*mine);
        cv::Mat writable = view;
        writable.ptr(0)[0] = 1;
        return 2;
    });
    EXPECT_EQ(child.join(), -SIGSEGV);
}

template <class F, class = void>
struct CanBeViewed : std::false_type {};
template <class F>
struct CanBeViewed<F, std::void_t<decltype(mat(std::declval<F>()))>> : std::true_type {};
static_assert(CanBeViewed<Frame&>::value && CanBeViewed<const Frame&>::value);
static_assert(!CanBeViewed<Frame>::value, "a view must not outlive its frame");
static_assert(!std::is_copy_constructible_v<Frame> && std::is_nothrow_move_constructible_v<Frame>);

TEST_F(OpenCv, AMatrixOfThreeDimensionsIsRefused) {
    const int sizes[] = {2, 3, 4};
    try {
        publisher.publish(cv::Mat(3, sizes, CV_8UC1));
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), CAMTAP_ERROR_INVALID);
    }
}

}  // namespace
}  // namespace camtap::test
