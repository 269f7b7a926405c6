// The loop against a daemon that does what the test says, with a source that does what the test says.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>

#include "common/clock.h"
#include "common/seqpacket.h"
#include "daemon/source/publish_loop.h"
#include "daemon/source/slot_mat.h"
#include "tests/unit/client/fake_daemon.h"

namespace camtap::source {
namespace {

// A frame of `bytes` says that it has `claims` bytes before it is read.
struct Step {
    Next::Kind kind = Next::Kind::frame;
    uint64_t bytes = 100;
    uint64_t claims = 100;
    Frame::Kind outcome = Frame::Kind::whole;
    uint64_t source_gap = 0;
    int fd = -1;
    uint32_t copies = 0;
};

class ScriptedSource final : public Source {
  public:
    explicit ScriptedSource(std::deque<Step> steps) : steps_(std::move(steps)) {}
    Status open() override {
        if (!open_fault.empty()) return Error{Code::invalid, 0, open_fault};
        return Done{};
    }
    Result<Next> next(int64_t) override {
        Next next;
        next.kind = Next::Kind::ended;
        if (steps_.empty()) {
            if (!last_fault.empty()) return Error{Code::invalid, 0, last_fault};
            return next;
        }
        step_ = steps_.front();
        steps_.pop_front();
        next.kind = step_.kind;
        next.bytes = step_.claims;
        next.source_gap = step_.source_gap;
        next.fd = step_.fd;
        next.text = "as the script says";
        return next;
    }
    Frame read(const Target& target) override {
        Frame frame;
        frame.text = "as the script says";
        frame.kind = step_.outcome;
        frame.copies = step_.copies;
        frame.image = packed_image(static_cast<int>(step_.bytes), 1, CV_8UC1);
        if (frame.kind != Frame::Kind::whole) return frame;
        if (target.capacity < step_.bytes) frame.kind = Frame::Kind::larger;
        reads.push_back(target.capacity);
        return frame;
    }
    void close() override { closed = true; }

    std::string open_fault;
    std::string last_fault;
    std::vector<size_t> reads;
    bool closed = false;

  private:
    std::deque<Step> steps_;
    Step step_;
};

class Loop : public testing::Test {
  protected:
    Outcome run(ScriptedSource& source, LoopOptions options = {}) {
        camtap_publisher_options o = CAMTAP_INIT(camtap_publisher_options);
        o.stock = 2;
        o.connection = -1;
        o.socket_path = daemon.socket_path().c_str();
        UniqueFd watched;
        if (options.spawned) {
            Result<UniqueFd> connection = connect_to(daemon.socket_path());
            EXPECT_TRUE(connection);
            watched.reset(fcntl(connection->get(), F_DUPFD_CLOEXEC, 0));
            o.connection = connection->release();
        }
        camtap_publisher* raw = nullptr;
        EXPECT_EQ(camtap_publisher_open("s", &o, &raw), CAMTAP_OK) << camtap_last_error();
        publisher.reset(raw);
        return PublishLoop(source, raw, Waiter(watched.get()), options).run();
    }
    const layout::SegmentHeader& header() { return daemon.publisher_view().header(); }
    uint64_t published() { return header().head.load() - daemon.publisher_segment().first + 1; }

    test::FakeDaemon daemon;
    PublisherHandle publisher;
};

TEST_F(Loop, publishes_every_frame_and_counts_what_is_lost) {
    Step lost{Next::Kind::lost};
    Step undecodable;
    undecodable.outcome = Frame::Kind::lost;
    Step gap;
    gap.source_gap = 7;
    gap.copies = 2;
    ScriptedSource source({Step{}, lost, undecodable, Step{Next::Kind::skipped}, gap, Step{}});
    EXPECT_EQ(run(source), Outcome::ended);
    EXPECT_TRUE(source.closed);
    EXPECT_EQ(published(), 3u);
    EXPECT_EQ(header().captured.load(), 5u);
    EXPECT_EQ(header().decode_error.load(), 2u);
    EXPECT_EQ(header().source_gap.load(), 7u);
    EXPECT_EQ(header().no_slot.load(), 0u);
    EXPECT_EQ(header().copies.load(), 2u);
    daemon.wait_for(wire::Type::report, 3);  // opening, reading, ended
}

TEST_F(Loop, a_frame_larger_than_it_said_gets_a_larger_slot) {
    Step growing;
    growing.bytes = 50'000;
    growing.claims = 10;
    ScriptedSource source({growing});
    EXPECT_EQ(run(source), Outcome::ended);
    ASSERT_EQ(source.reads.size(), 2u);
    EXPECT_LT(source.reads[0], 50'000u);
    EXPECT_GE(source.reads[1], 50'000u);
    EXPECT_EQ(published(), 1u);
    EXPECT_EQ(header().no_slot.load(), 0u);
}

TEST_F(Loop, a_source_that_can_not_open_fails) {
    ScriptedSource source({});
    source.open_fault = "no camera";
    EXPECT_EQ(run(source), Outcome::failed);
    daemon.wait_for(wire::Type::report, 2);  // opening, failed
}

TEST_F(Loop, a_source_that_breaks_fails) {
    ScriptedSource source({Step{}});
    source.last_fault = "unplugged";
    EXPECT_EQ(run(source), Outcome::failed);
    EXPECT_EQ(published(), 1u);
    EXPECT_TRUE(source.closed);
}

TEST_F(Loop, a_frame_beyond_max_frame_bytes_is_lost_where_sizes_differ_and_fatal_elsewhere) {
    Step large;
    large.bytes = large.claims = 1001;
    LoopOptions options;
    options.max_frame_bytes = 1000;
    options.sizes_differ = true;
    ScriptedSource images({Step{}, large, Step{}});
    EXPECT_EQ(run(images, options), Outcome::ended);
    EXPECT_EQ(published(), 2u);
    EXPECT_EQ(header().no_slot.load(), 1u);
    publisher.reset();
    options.sizes_differ = false;
    ScriptedSource camera({Step{}, large, Step{}});
    EXPECT_EQ(run(camera, options), Outcome::failed);
    EXPECT_EQ(published(), 1u);
}

TEST_F(Loop, without_memory_frames_are_lost_and_the_source_goes_on) {
    daemon.refuse_needs(static_cast<int32_t>(Code::no_memory), "out of memory");
    ScriptedSource source({Step{}, Step{}});
    EXPECT_EQ(run(source), Outcome::ended);
    EXPECT_TRUE(source.reads.empty());
    EXPECT_EQ(daemon.needs().size(), 2u);
}

TEST_F(Loop, a_limit_is_fatal_because_it_will_not_go_away) {
    daemon.refuse_needs(static_cast<int32_t>(Code::limit), "max_memory");
    ScriptedSource source({Step{}, Step{}});
    EXPECT_EQ(run(source), Outcome::failed);
    EXPECT_EQ(daemon.needs().size(), 1u);
}

TEST_F(Loop, idle_is_reported_once_and_reading_again_with_the_next_frame) {
    int pipe_ends[2];
    ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
    const UniqueFd reader(pipe_ends[0]);
    const UniqueFd writer(pipe_ends[1]);
    ASSERT_EQ(write(writer.get(), "x", 1), 1);  // there is always news
    Step wait{Next::Kind::wait};
    wait.fd = reader.get();
    ScriptedSource source({Step{}, wait, wait, wait, Step{}, Step{}});
    EXPECT_EQ(run(source), Outcome::ended);
    EXPECT_EQ(published(), 3u);
    daemon.wait_for(wire::Type::report, 5);  // opening, reading, idle, reading, ended
    EXPECT_EQ(daemon.count(wire::Type::report), 5u);
}

TEST_F(Loop, the_daemons_hang_up_ends_a_waiting_source) {
    Step wait{Next::Kind::wait};  // for ever, for nothing
    ScriptedSource source({Step{}, wait});
    source.last_fault = "it was asked again";
    LoopOptions options;
    options.spawned = true;
    std::thread killer([&] {
        daemon.wait_for(wire::Type::report, 3);  // opening, reading, idle
        daemon.hang_up_all();
    });
    EXPECT_EQ(run(source, options), Outcome::ended);
    killer.join();
}

}  // namespace
}  // namespace camtap::source
