#include "client/seats.h"

namespace camtap::client {

Status Seats::take(const wire::Seat& change, const UniqueFd& page) {
    const bool is_news = change.seating > known_;
    const bool makes_sense = change.seat < layout::kMaxSlots && change.words <= layout::kMaxPinWords &&
                             (change.words > 0 || !page) && change.seating <= change.newest &&
                             (is_news || (change.seating == known_ && change.newest == known_ && !page));
    if (!makes_sense) return Error{Code::protocol, 0, "camtapd told of a seat that makes no sense"};
    if (!is_news) return Done{};
    if (change.words > 0 && !page) {
        return Error{Code::limit, 0,
                     "no file descriptors are left, and one is needed when a tap comes (RLIMIT_NOFILE)"};
    }
    if (!page) {
        taken_.erase(change.seat);
    } else {
        Result<Mapping> mapping = Mapping::map(page.get(), layout::kPage, Mapping::Access::read_only);
        if (!mapping.ok()) return mapping.error();
        taken_.erase(change.seat);
        taken_.emplace(change.seat, Taken{LocalMapping(mark_, std::move(*mapping)), change.words});
    }
    pins_.clear();
    for (const auto& [seat, taken] : taken_) {
        const auto& words = reinterpret_cast<const layout::PinPage*>(taken.page.data())->pins;
        pins_.emplace_back(words, taken.words);
    }
    known_ = change.seating;
    return Done{};
}

void Seats::forget() {
    known_ = 0;
    pins_.clear();
    taken_.clear();
}

}  // namespace camtap::client
