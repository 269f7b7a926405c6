#include "client/session.h"

#include "common/pins.h"

namespace camtap::client {

Session::Session(UniqueFd socket, LocalMapping page, uint32_t words, uint64_t instance,
                 std::shared_ptr<PinsClaimed> claimed_by_all)
    : socket_(std::move(socket)),
      page_(std::move(page)),
      words_(words),
      instance_(instance),
      claimed_by_all_(std::move(claimed_by_all)) {
    CAMTAP_CHECK(words_ >= 1 && words_ <= layout::kMaxPinWords);
}

void Session::release(layout::Word64& word) {
    if (!page_.here()) return;
    pins::unpin(word);
    claimed_.fetch_and(~(uint64_t{1} << (&word - page().pins)), std::memory_order_release);
    claimed_by_all_->fetch_sub(1,
                               std::memory_order_release);  // not before the bit: who counts finds the word
}

}  // namespace camtap::client
