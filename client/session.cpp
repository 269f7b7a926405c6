#include "client/session.h"

#include <bit>

#include "common/pins.h"

namespace camtap::client {

Session::Session(UniqueFd socket, LocalMapping page, uint32_t words, uint64_t instance,
                 std::shared_ptr<FramesHeld> held)
    : socket_(std::move(socket)),
      page_(std::move(page)),
      words_(words),
      instance_(instance),
      held_(std::move(held)) {
    CAMTAP_CHECK(words_ >= 1 && words_ <= layout::kMaxPinWords);
}

std::optional<uint32_t> Session::claim() {
    // acquire: pairs with release() below, so the word reads 0 when its bit does
    const uint64_t claimed = claimed_.load(std::memory_order_acquire);
    const auto word = static_cast<uint32_t>(std::countr_one(claimed));
    if (word >= words_) return std::nullopt;
    claimed_.fetch_or(uint64_t{1} << word, std::memory_order_relaxed);
    held_->fetch_add(1, std::memory_order_relaxed);
    return word;
}

void Session::release(uint32_t word) {
    if (!page_.here()) return;
    pins::unpin(page().pins[word]);
    claimed_.fetch_and(~(uint64_t{1} << word), std::memory_order_release);
    held_->fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace camtap::client
