// A writer: publishes as it is told, and accounts for it.
#pragma once

#include <vector>

#include "board.h"
#include "control.h"
#include "peer.h"

namespace camtap::bench {

class Writer {
  public:
    // `board` and `sender` outlive it.
    Writer(const Assignment& assignment, const Board& board, Sender& sender);
    Account carry_out(const Order& order);

  private:
    struct Spent {
        uint64_t frames = 0;
        int64_t cpu_ns = 0;  // of this thread, while it published
        uint64_t old_frames_held = 0;
    };
    Spent paced(const Order& order);
    Spent flat_out(const Order& order);
    Spent bare(const Order& order, int64_t& publish_call_ns);
    void publish(bool recorded, uint64_t window);
    void certify(std::byte* frame, const Stamp& stamp) const;
    void wait_for_readers(uint64_t window);
    uint64_t old_frames_held() const;

    const Work work_;
    const uint64_t depth_;
    const Board& board_;
    Sender& sender_;
    std::vector<std::byte> picture_;  // what the camera sees; empty: nothing is copied
    uint64_t number_ = 0;
    uint64_t had_by_all_ = 0;
};

// Whether each page of the frame still says that it is frame `number`.
bool is_whole(const std::byte* frame, FrameSize size, uint64_t number);

}  // namespace camtap::bench
