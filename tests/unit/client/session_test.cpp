// Promises: a frame that is over serves for the next one, and keeps nothing alive beyond its session's end.
#include "client/session.h"

#include <gtest/gtest.h>

#include "client/frame.h"
#include "tests/unit/client/fake_session.h"

namespace camtap::client {
namespace {

constexpr uint32_t kWords = 3;

// Of slot 5.
FramePtr frame_of(const std::shared_ptr<Session>& session) {
    FramePtr frame(new camtap_frame{{}, nullptr, *ProcessMark::current(), {}});
    EXPECT_TRUE(frame->pinned.pin.claim(session));
    frame->pinned.pin.word().store(5);
    return frame;
}

size_t words_left(Session& session) {
    size_t left = 0;
    while (session.claim() != nullptr) ++left;
    return left;
}

TEST(Session, KeepsTheFirstFrameThatIsOverUnpinnedAndWithItsWord) {
    const auto keeper = test::fake_session(kWords);
    FramePtr first = frame_of(keeper);
    FramePtr second = frame_of(keeper);
    const camtap_frame* const place = first.get();
    first.reset();
    second.reset();
    ASSERT_TRUE(keeper->has_spare());
    for (const layout::Word64& word : keeper->page().pins) EXPECT_EQ(word.load(), 0u);
    const FramePtr again(keeper->take_spare());
    EXPECT_EQ(again.get(), place);
    EXPECT_TRUE(again->pinned.pin.owns_one());
    EXPECT_FALSE(keeper->has_spare());
    EXPECT_EQ(keeper->take_spare(), nullptr);
    EXPECT_EQ(words_left(*keeper), kWords - 1) << "the second gave its word back";
    keeper->keep_no_more();
}

TEST(Session, EndsWithItsLastFrameOnceItKeepsNoMore) {
    auto keeper = test::fake_session(kWords);
    const std::weak_ptr<Session> witness = keeper;
    FramePtr kept = frame_of(keeper);
    FramePtr held = frame_of(keeper);
    kept.reset();
    keeper->keep_no_more();
    keeper.reset();
    EXPECT_FALSE(witness.expired()) << "a frame is held";
    held.reset();
    EXPECT_TRUE(witness.expired());
}

TEST(Session, KeepsNothingIfItIsToldSo) {
    const auto keeper = test::fake_session(kWords, Session::Keeping::none);
    frame_of(keeper).reset();
    EXPECT_FALSE(keeper->has_spare());
    EXPECT_EQ(keeper->take_spare(), nullptr);
    EXPECT_EQ(words_left(*keeper), kWords);
}

TEST(Session, AFrameThatIsReleasedTwiceEndsTheProgram) {
    const auto keeper = test::fake_session(kWords);
    FramePtr owner = frame_of(keeper);
    owner->data = reinterpret_cast<const std::byte*>("pixels");
    camtap_frame* const frame = owner.release();
    camtap_frame_release(frame);
    EXPECT_DEATH(camtap_frame_release(frame), "released twice");
    keeper->keep_no_more();
}

}  // namespace
}  // namespace camtap::client
