// Memory put aside for the moment when there is none: what the daemon is doing then is finished all the same.
//
// Allocations are everywhere, in the middle of changes that must not stop halfway. So a failed one isn't an
// exception that unwinds them: the reserve is given up, and the allocation is tried again. As long as there
// is no reserve, new clients are refused. (Where memory isn't limited by address space or a strict commit
// limit, the kernel doesn't refuse it but kills somebody; nothing helps against that here.)
#pragma once

namespace camtap {

// One for the process, because there is one std::new_handler. Threads: only the one that set it up has a
// reserve; on others a failed allocation throws.
class MemoryReserve {
  public:
    // To be called once. False: not even now is there that much memory.
    [[nodiscard]] static bool set_up();

    // Since then an allocation has failed, and refill() has not succeeded yet.
    static bool is_spent();
    // For callers of C libraries, which say ENOMEM: true, if it makes sense to try again.
    [[nodiscard]] static bool spend();
    static void refill();
};

}  // namespace camtap
