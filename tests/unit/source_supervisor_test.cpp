// Promise: a source that SIGKILL doesn't end is said to be stuck, holds up nothing, and is followed by
// another one when it has ended after all; and none is judged before its last words are heard.
#include "daemon/source_supervisor.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>
#include <vector>

#include "../system/forked.h"

namespace camtap {
namespace {

constexpr uid_t kNobody = 65534;

// Owns: a copy of the unkillable source that becomes root when nobody starts it.
class SetUserIdProgram {
  public:
    SetUserIdProgram() {
        char pattern[] = "/tmp/camtap-test-XXXXXX";
        directory_ = mkdtemp(pattern);
        std::filesystem::copy_file(UNKILLABLE, path());
        chmod(directory_.c_str(), 0755);
        chmod(path().c_str(), 04755);
    }
    ~SetUserIdProgram() { std::filesystem::remove_all(directory_); }
    SetUserIdProgram(const SetUserIdProgram&) = delete;
    SetUserIdProgram& operator=(const SetUserIdProgram&) = delete;
    std::string path() const { return directory_ + "/source"; }

  private:
    std::string directory_;
};

// 0, or which expectation wasn't met. Tells the parent when the source is stuck, and goes on until it has
// ended.
int supervise_as_nobody(const test::Forked::Child& parent, const std::string& program, pid_t& source) {
    if (setresgid(kNobody, kNobody, kNobody) != 0 || setresuid(kNobody, kNobody, kNobody) != 0) return 1;
    auto loop = EventLoop::create();
    auto sequences = SequenceStore::open("/nonexistent/sequences");
    if (!loop || !sequences) return 2;
    DaemonContext context{
        .loop = *loop, .config = {}, .sequences = *sequences, .instance = 1, .source_program = program};
    UniqueFd connection;
    EventSource greeting;
    std::vector<SourceExit> exits;
    SourceSupervisor* supervisor = nullptr;
    const auto started = [&](UniqueFd ours) {
        if (!exits.empty()) return loop->stop();  // the next one
        connection = std::move(ours);
        source = supervisor->pid();
        auto readable = loop->on_descriptor(connection.get(), EPOLLIN, [&](uint32_t) {
            greeting.set_events(0);
            supervisor->fail("it hangs");
        });
        if (readable) greeting = std::move(*readable);
    };
    const auto exited = [&](const SourceExit& exit) {
        exits.push_back(exit);
        if (exit.stuck) parent.say();
    };
    SourceSupervisor its_supervisor(context, "test",
                                    {.started = started, .hear_last_words = [] {}, .exited = exited});
    supervisor = &its_supervisor;
    supervisor->start();
    if (!loop->run()) return 3;
    if (exits.size() != 2 || !exits[0].stuck || exits[1].stuck) return 4;
    if (exits[0].reason.find("is stuck in the kernel") == std::string::npos) return 5;
    return exits[1].reason == "it hangs" ? 0 : 6;
}

TEST(SourceSupervisor, ASourceThatSigkillDoesntEndIsStuckUntilItEnds) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to make a process that its parent can't kill";
    struct statvfs file_system {};
    const bool forbidden = statvfs("/tmp", &file_system) != 0 || (file_system.f_flag & ST_NOSUID) != 0 ||
                           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0;
    if (forbidden) GTEST_SKIP() << "needs a /tmp with set-user-id programs, to make such a process";
    const SetUserIdProgram program;
    auto* const source = static_cast<pid_t*>(
        mmap(nullptr, sizeof(pid_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(source, MAP_FAILED);
    test::Forked supervisor(
        [&](test::Forked::Child& parent) { return supervise_as_nobody(parent, program.path(), *source); });
    supervisor.wait();
    EXPECT_EQ(kill(*source, 0), 0) << "it lives";
    kill(*source, SIGKILL);
    EXPECT_EQ(supervisor.join(), 0);
    munmap(source, sizeof(pid_t));
}

// Its death can be seen before the message that it sent a moment earlier.
TEST(SourceSupervisor, WhatASourceSaidLastIsHeardBeforeItIsJudged) {
    auto loop = EventLoop::create();
    auto sequences = SequenceStore::open("/nonexistent/sequences");
    ASSERT_TRUE(loop && sequences);
    DaemonContext context{
        .loop = *loop, .config = {}, .sequences = *sequences, .instance = 1, .source_program = "/bin/true"};
    std::vector<SourceExit> exits;
    SourceSupervisor* its = nullptr;
    SourceSupervisor supervisor(context, "test",
                                {.started = [](UniqueFd) {},
                                 .hear_last_words = [&] { its->report(wire::Activity::ended, "the end"); },
                                 .exited =
                                     [&](const SourceExit& exit) {
                                         exits.push_back(exit);
                                         loop->stop();
                                     }});
    its = &supervisor;
    supervisor.start();
    ASSERT_TRUE(loop->run());
    ASSERT_EQ(exits.size(), 1u);
    EXPECT_TRUE(exits[0].ended);
    EXPECT_EQ(exits[0].reason, "the end");
    EXPECT_TRUE(supervisor.idle());
}

}  // namespace
}  // namespace camtap
