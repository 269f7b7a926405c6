// A fork leaves the parent unharmed: in the child everything of the parent's is inert.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/forked.h"
#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

namespace camtap::test {
namespace {

// Runs `body` in a child; its result is the child's exit status. A crash is 128 + signal.
template <class Body>
int in_child(Body body) {
    const pid_t pid = fork();
    if (pid == 0) leave(body());
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class ForkTest : public testing::Test {
  protected:
    ForkTest() : segment(daemon.begin_generation(1, 100)) {}
    void SetUp() override {
        segment->publish();
        segment->publish();
        ASSERT_EQ(open_tap(daemon.socket_path(), tap, true), CAMTAP_OK);
        ASSERT_GE(camtap_tap_fd(tap.get()), 0);
        held = next(tap);
    }
    FakeDaemon daemon;
    std::shared_ptr<FakeSegment> segment;
    TapHandle tap;
    Got held;
};

TEST_F(ForkTest, EveryCallInTheChildSaysForked) {
    EXPECT_EQ(in_child([&] {
                  camtap_tap_status status = CAMTAP_INIT(camtap_tap_status);
                  char pixels[64];
                  if (next(tap, 0).error != CAMTAP_ERROR_FORKED) return 1;
                  if (latest(tap, -1).error != CAMTAP_ERROR_FORKED) return 2;
                  if (try_next(tap).error != CAMTAP_ERROR_FORKED) return 3;
                  if (camtap_tap_get_status(tap.get(), &status) != CAMTAP_ERROR_FORKED) return 4;
                  if (camtap_tap_fd(tap.get()) != CAMTAP_ERROR_FORKED) return 5;
                  if (camtap_frame_copy(held.frame.get(), pixels, sizeof pixels, 0) != CAMTAP_ERROR_FORKED)
                      return 6;
                  return 0;
              }),
              0);
}

TEST_F(ForkTest, ReleasingAndClosingInTheChildDoesNothingToTheParent) {
    EXPECT_EQ(next(tap).sequence(), 101u) << "and is over, and kept for the next one";
    EXPECT_EQ(in_child([&] {
                  held.frame.reset();
                  tap.reset();
                  return 0;
              }),
              0);
    EXPECT_EQ(held.pixel(), 100u);
    EXPECT_EQ(status_of(tap).frames_held, 1u);
    EXPECT_EQ(status_of(tap).attachments, 1u);
    const uint64_t n = segment->publish();
    EXPECT_EQ(next(tap).sequence(), n);
}

TEST_F(ForkTest, MemoryThatTheChildPutsWhereTheParentsFrameWasStays) {
    EXPECT_EQ(in_child([&] {
                  void* const page = reinterpret_cast<void*>(
                      reinterpret_cast<uintptr_t>(camtap_frame_data(held.frame.get())) & ~uintptr_t{4095});
                  void* const mine = mmap(page, 4096, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
                  if (mine != page) return 1;  // the parent's frame is mapped in the child
                  tap.reset();
                  held.frame.reset();
                  *static_cast<volatile char*>(mine) = 1;
                  return 0;
              }),
              0);
}

TEST_F(ForkTest, TheChildMayOpenTapsOfItsOwn) {
    EXPECT_EQ(in_child([&] {
                  TapHandle own;
                  if (open_tap(daemon.socket_path(), own, true) != CAMTAP_OK) return 1;
                  if (next(own).sequence() != 100) return 2;
                  if (try_next(tap).error != CAMTAP_ERROR_FORKED) return 3;
                  // and so may its children
                  return in_child([&] {
                      TapHandle third;
                      if (open_tap(daemon.socket_path(), third, true) != CAMTAP_OK) return 4;
                      return next(third).sequence() == 100 && try_next(own).error == CAMTAP_ERROR_FORKED ? 0
                                                                                                         : 5;
                  });
              }),
              0);
    EXPECT_EQ(next(tap).sequence(), 101u);
}

}  // namespace
}  // namespace camtap::test
