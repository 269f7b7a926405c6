// Promise: an operator is told once, in the right place, and nobody can drown what is said of the others.
#include "daemon/event_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "daemon/log_limit.h"
#include "tests/system/forked.h"

namespace camtap {
namespace {

// What `body` leaves on stderr, in a child whose stderr is what systemd calls the journal, if `journal`.
std::string said_by(bool journal, const std::function<void()>& body) {
    std::string file = std::filesystem::temp_directory_path() / "camtap-test-XXXXXX";
    const int fd = mkstemp(file.data());
    const int status = test::Forked([&](test::Forked::Child&) {
                           struct stat st {};
                           if (fstat(fd, &st) != 0 || dup2(fd, STDERR_FILENO) < 0) return 1;
                           const std::string stream =
                               std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino);
                           setenv("JOURNAL_STREAM", journal ? stream.c_str() : "1:1", 1);
                           set_up_logging("debug");
                           body();
                           spdlog::default_logger()->flush();
                           return 0;
                       }).join();
    EXPECT_EQ(status, 0);
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    std::filesystem::remove(file);
    close(fd);
    return text.str();
}

void say_everything() {
    using namespace spdlog::level;
    for (const level_enum level : {debug, info, warn, err, critical}) {
        log_event(level, &event::kStreamUp, "front", "front: a line");
        log_event(level, nullptr, {}, "a line of the daemon's own");
    }
    spdlog::info("a line without fields");
}

TEST(EventLog, GoesToStderrForPeople) {
    const std::string said = said_by(false, say_everything);
    EXPECT_NE(said.find("front: a line"), std::string::npos) << said;
    EXPECT_NE(said.find("a line without fields"), std::string::npos) << said;
}

TEST(EventLog, GoesToTheJournalInsteadIfStderrIsTheJournal) {
    EXPECT_EQ(said_by(true, say_everything), "");
}

size_t lines(const std::string& text, const std::string& with) {
    size_t count = 0;
    std::istringstream all(text);
    for (std::string line; std::getline(all, line);) count += line.find(with) != std::string::npos;
    return count;
}

TEST(EventLog, ThatNobodyReadsKeepsNobodyWaiting) {
    test::Forked writer([&](test::Forked::Child&) {
        int ends[2];
        if (pipe(ends) != 0 || fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0 || dup2(ends[1], STDERR_FILENO) < 0)
            return 1;
        set_up_logging("debug");
        for (int i = 0; i < 10'000; ++i)
            spdlog::info("line {} of many", i);  // far more than pipe and queue hold
        // It is read at last: then it goes on, and says what is lost
        std::string read_so_far;
        while (read_so_far.find("lines before this one are lost") == std::string::npos ||
               read_so_far.find("line 9999 of many") == std::string::npos) {
            char text[4096];
            const ssize_t n = read(ends[0], text, sizeof text);
            if (n <= 0) return 2;
            read_so_far.append(text, static_cast<size_t>(n));
        }
        return read_so_far.find("line 5000 of many") == std::string::npos ? 0 : 3;
    });
    EXPECT_EQ(writer.join(), 0);
}

TEST(LogLimit, SaysAFewLinesASecondAndHowManyItLeftOut) {
    const std::string said = said_by(false, [] {
        LogLimit limit;
        const auto second = [] { return monotonic_ns() / kNsPerSecond; };
        const int64_t first = second();
        while (second() == first) {
        }  // a whole second lies before us
        for (int i = 0; i < 100; ++i) limit.log(spdlog::level::info, nullptr, {}, "flood");
        const int64_t now = second();
        while (second() == now) {
        }
        limit.log(spdlog::level::info, nullptr, {}, "flood");
    });
    EXPECT_EQ(lines(said, "80 more lines"), 1u) << said;
    EXPECT_EQ(lines(said, "flood"), 21u) << said;
}

TEST(LogLimit, OfOneUserIsNotAnothers) {
    const std::string said = said_by(false, [] {
        ClientLog log;
        for (int i = 0; i < 1000; ++i) log.of(1).log(spdlog::level::info, nullptr, {}, "flood");
        log.of(2).log(spdlog::level::info, nullptr, {}, "a quiet one");
    });
    EXPECT_EQ(lines(said, "a quiet one"), 1u) << said;
}

TEST(LogLimit, OfManyUsersTakesNoMoreMemory) {
    const auto second = [] { return monotonic_ns() / kNsPerSecond; };
    bool share = false;
    int64_t begun = 0;
    set_up_logging("off");
    do {  // within one second: in the next, those who are silent make room
        begun = second();
        ClientLog log;
        const auto flood = [&](uid_t user) {
            for (int i = 0; i < 1000; ++i) log.of(user).log(spdlog::level::info, nullptr, {}, "flood");
            return &log.of(user);
        };
        std::set<const LogLimit*> own;
        for (uid_t user = 1; user <= 64; ++user) own.insert(flood(user));
        EXPECT_EQ(own.size(), 64u);
        // those who come last share one
        const LogLimit* const last = flood(100);
        share = own.count(last) == 0 && last == flood(200);
    } while (second() != begun);
    EXPECT_TRUE(share);
}

}  // namespace
}  // namespace camtap
