#include "client/session.h"

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

void Session::release(uint32_t word) {
    if (!page_.here()) return;
    pins::unpin(page().pins[word]);
    claimed_.fetch_and(~(uint64_t{1} << word), std::memory_order_release);
    held_->fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace camtap::client
