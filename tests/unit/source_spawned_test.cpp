#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "common/clock.h"
#include "common/seqpacket.h"
#include "daemon/source/log.h"
#include "daemon/source/source.h"
#include "daemon/source/spawned.h"
#include "daemon/source/waiter.h"

namespace camtap::source {
namespace {

class Spawned : public testing::Test {
  protected:
    Spawned() {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        daemon.reset(ends[0]);
        mine.reset(ends[1]);
    }
    void send(uint32_t count, const std::string& text, int32_t wrong_bytes = 0) {
        auto configure = wire::make<wire::Configure>();
        configure.count = count;
        configure.header.bytes =
            static_cast<uint32_t>(static_cast<int64_t>(sizeof configure + text.size()) + wrong_bytes);
        std::vector<char> message(sizeof configure);
        std::memcpy(message.data(), &configure, sizeof configure);
        message.insert(message.end(), text.begin(), text.end());
        ASSERT_EQ(send_bytes(daemon.get(), message.data(), message.size()), Sent::yes);
    }
    UniqueFd daemon;
    UniqueFd mine;
};

TEST_F(Spawned, arguments_arrive_as_they_were_sent) {
    send(3, std::string("--stream\0x\0\0", 12));
    const auto arguments = receive_arguments(mine.get());
    ASSERT_TRUE(arguments) << arguments.error().message;
    EXPECT_EQ(*arguments, (std::vector<std::string>{"--stream", "x", ""}));
}

TEST_F(Spawned, malformed_orders_are_refused) {
    send(2, std::string("only one\0", 9));
    EXPECT_FALSE(receive_arguments(mine.get()));
    send(1, "no end");
    EXPECT_FALSE(receive_arguments(mine.get()));
    send(1, std::string("x\0", 2), 1);
    EXPECT_FALSE(receive_arguments(mine.get()));
    ASSERT_EQ(send_message(daemon.get(), wire::make<wire::Poke>()), Sent::yes);
    EXPECT_FALSE(receive_arguments(mine.get()));
    ASSERT_EQ(send_bytes(daemon.get(), "x", 1), Sent::yes);
    EXPECT_FALSE(receive_arguments(mine.get()));
    send(0xffff'ffff, std::string("x\0", 2));
    EXPECT_FALSE(receive_arguments(mine.get()));
}

TEST_F(Spawned, a_daemon_that_hangs_up_is_gone) {
    daemon.reset();
    const auto arguments = receive_arguments(mine.get());
    ASSERT_FALSE(arguments);
    EXPECT_EQ(arguments.error().code, Code::gone);
}

TEST_F(Spawned, a_descriptor_that_is_not_there_is_refused) {
    const int closed = mine.release();
    close(closed);
    const auto arguments = receive_arguments(closed);
    ASSERT_FALSE(arguments);
    EXPECT_EQ(arguments.error().code, Code::invalid);
}

TEST_F(Spawned, the_waiter_sees_due_news_and_the_hang_up) {
    int pipe_ends[2];
    ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
    const UniqueFd reader(pipe_ends[0]);
    const UniqueFd writer(pipe_ends[1]);
    const Waiter waiter(mine.get());
    EXPECT_EQ(waiter.wait(monotonic_ns() + 1, reader.get()), Waiter::Woken::due);
    EXPECT_EQ(waiter.wait(0, -1), Waiter::Woken::due) << "in the past";
    send(0, "");  // a message is no hang-up: it is libcamtap's
    EXPECT_EQ(waiter.wait(monotonic_ns() + 1, reader.get()), Waiter::Woken::due);
    ASSERT_EQ(write(writer.get(), "x", 1), 1);
    EXPECT_EQ(waiter.wait(kNever, reader.get()), Waiter::Woken::ready);
    EXPECT_FALSE(waiter.hung_up());
    daemon.reset();
    EXPECT_EQ(waiter.wait(kNever, reader.get()), Waiter::Woken::hang_up) << "goes before the news";
    EXPECT_TRUE(waiter.hung_up());
}

void call_where_nothing_may_be_thrown(void (*function)()) noexcept {
    function();
}

TEST(OutOfMemory, InALibraryThatMayNotThrowEndsASourceInWords) {
    EXPECT_EXIT(
        (say_when_memory_runs_out(), call_where_nothing_may_be_thrown([] { throw std::bad_alloc(); })),
        testing::ExitedWithCode(1), "camtap-source: out of memory");
}

TEST(OutOfMemory, IsNotSaidOfAnythingElse) {
    EXPECT_EXIT((say_when_memory_runs_out(), call_where_nothing_may_be_thrown([] { throw 1; })),
                testing::KilledBySignal(SIGABRT), "^$");
}

}  // namespace
}  // namespace camtap::source
