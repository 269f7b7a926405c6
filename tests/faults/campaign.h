// One life of a victim is lived again and again, and each time another call in it fails.
//
// The first life goes undisturbed and is counted. Then, of every function that was called, the first and the
// last call fail, with every error that it may give, and some calls in between, drawn by a seed.
// CAMTAP_FAULTS=all: every call; CAMTAP_FAULTS="sendmsg:3:12": that one; CAMTAP_FAULTS_SEED=n: other draws.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "board.h"
#include "tests/system/daemon_process.h"

namespace camtap::faults {

struct Fault {
    Point point = Point::none;
    uint32_t nth = 0;
    int error = 0;
    std::string words() const;
};

// Owns: the page that victims share with the test.
class BoardFile {
  public:
    BoardFile();
    ~BoardFile();
    BoardFile(const BoardFile&) = delete;
    BoardFile& operator=(const BoardFile&) = delete;

    void order(const Fault& fault);
    const Board& board() const { return *board_; }
    // What a victim is started with.
    std::vector<std::string> environment() const;

  private:
    test::TemporaryDirectory directory_;
    Board* board_ = nullptr;
};

struct Outcome {
    enum class Kind {
        undisturbed,  // nobody was refused anything
        refused,      // one client or stream was, in words, and what it wanted worked when tried again
        ended,        // the victim said why and ended, before it served anybody
        wrong,
    } kind = Kind::undisturbed;
    std::string words;
};

class Campaign {
  public:
    using Life = std::function<Outcome(BoardFile&)>;
    Campaign(std::string victim, Life life) : victim_(std::move(victim)), life_(std::move(life)) {}

    // Fails the test for each outcome that is wrong, and prints what was done.
    void run();
    // The same, for lives that are short: every call fails.
    void run_all();

  private:
    void count();
    std::vector<Fault> draw() const;
    void live_with(Fault fault);
    void print() const;

    std::string victim_;
    Life life_;
    BoardFile file_;
    std::vector<uint32_t> calls_;
    struct Tally {
        unsigned faults = 0;
        unsigned by_kind[4] = {};
    };
    std::map<Point, Tally> tallies_;
    unsigned out_of_reach_ = 0;
    bool all_ = false;
};

std::string text_of(const std::string& path);
size_t descriptors_of(pid_t pid);

// Waits for the end of `child`: its exit status, −signal if a signal ended it; nothing if it doesn't end.
std::optional<int> end_of(test::Child& child);

}  // namespace camtap::faults
