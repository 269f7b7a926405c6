// What other programs do to this machine while something is measured.
#pragma once

#include <cstdint>

namespace camtap::bench {

// From its construction on. Counts as ours what this program did, and those of its children that have ended
// and were waited for.
class Bystanders {
  public:
    Bystanders();
    // Processor time that others took since then, in % of all cores. Only while no child of ours runs.
    double percent() const;

  private:
    struct Times {
        int64_t busy_ns, ours_ns, at_ns;
    };
    static Times now();

    Times start_;
};

}  // namespace camtap::bench
