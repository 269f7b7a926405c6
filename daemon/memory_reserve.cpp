#include "daemon/memory_reserve.h"

#include <cstddef>
#include <cstdlib>
#include <new>
#include <thread>

namespace camtap {
namespace {

// More than all that is allocated while one message is handled. Never touched, so it takes no memory but the
// promise.
constexpr size_t kBytes = size_t{1} << 20;

void* block = nullptr;
std::thread::id owner;

void on_shortage() {
    if (!MemoryReserve::spend()) throw std::bad_alloc();
}

}  // namespace

bool MemoryReserve::set_up() {
    owner = std::this_thread::get_id();
    refill();
    if (block == nullptr) return false;
    std::set_new_handler(on_shortage);
    return true;
}

bool MemoryReserve::is_spent() {
    return block == nullptr;
}

bool MemoryReserve::spend() {
    if (std::this_thread::get_id() != owner || block == nullptr) return false;
    std::free(block);
    block = nullptr;
    return true;
}

void MemoryReserve::refill() {
    if (block == nullptr) block = std::malloc(kBytes);
}

}  // namespace camtap
