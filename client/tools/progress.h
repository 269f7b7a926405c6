// How far a command has come, on stderr, if a person is looking.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace camtap::tools {

// One line that is drawn over and over, ten times a second at most. Shows nothing unless stderr is a
// terminal.
class Progress {
  public:
    // total 0: nobody knows; shows a count alone.
    explicit Progress(uint64_t total);
    ~Progress();  // removes the line
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(uint64_t done, const std::string& words);

  private:
    uint64_t total_;
    bool is_seen_;
    bool is_drawn_ = false;
    std::chrono::steady_clock::time_point next_{};
};

// "[#####.....]  50 %  10/20", or "10" if nobody knows how many there will be.
std::string progress_bar(uint64_t done, uint64_t total);

}  // namespace camtap::tools
