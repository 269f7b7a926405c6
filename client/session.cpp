#include "client/session.h"

#include "client/frame.h"
#include "common/pins.h"

namespace camtap::client {

Session::Session(UniqueFd socket, LocalMapping page, uint32_t words, uint64_t instance,
                 std::shared_ptr<PinsClaimed> claimed_by_all, Keeping keeping)
    : socket_(std::move(socket)),
      page_(std::move(page)),
      words_(words),
      instance_(instance),
      spare_(keeping == Keeping::one_frame ? nullptr : keeps_none()),
      claimed_by_all_(std::move(claimed_by_all)) {
    CAMTAP_CHECK(words_ >= 1 && words_ <= layout::kMaxPinWords);
}

bool Session::unpin(layout::Word64& word) const {
    if (!page_.here()) return false;
    pins::unpin(word);
    return true;
}

void Session::release(layout::Word64& word) {
    if (!unpin(word)) return;
    claimed_.fetch_and(~(uint64_t{1} << (&word - page().pins)), std::memory_order_release);
    claimed_by_all_->fetch_sub(1,
                               std::memory_order_release);  // not before the bit: who counts finds the word
}

void Session::keep_no_more() {
    camtap_frame* const spare = spare_.exchange(keeps_none(), std::memory_order_acquire);
    if (spare != keeps_none()) delete spare;
}

}  // namespace camtap::client
