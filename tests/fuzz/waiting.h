// The library's clock and its waits in the hands of a fuzzer: time passes only when it waits, and whenever it
// does, its peer gets its turn. So a conversation is a matter of one thread, and the same input always leads
// to the same one.
//
// The linker diverts the library's calls of clock_gettime, ppoll and (for futexes) syscall to here, see
// CMakeLists.txt. Outside of the life of a Waiting they do what they always do.
#pragma once

#include <cstdint>
#include <functional>

namespace camtap::fuzz {

class Waiting {
  public:
    // `turn` is called at each wait, which is then over at once. False: nothing will happen any more, and the
    // wait lasts as long as it may.
    explicit Waiting(std::function<bool()> turn);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    int64_t now_ns() const { return now_ns_; }
    void pass(int64_t ns) { now_ns_ += ns; }
    // `ns` < 0: for ever.
    bool wait(int64_t ns);  // false: for nothing

  private:
    std::function<bool()> turn_;
    int64_t now_ns_;
};

}  // namespace camtap::fuzz
