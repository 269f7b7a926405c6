// A session without a daemon, for tests.
#pragma once

#include <memory>
#include <utility>

#include "client/session.h"

namespace camtap::test {

inline std::shared_ptr<client::Session> fake_session(
    uint32_t words, client::Session::Keeping keeping = client::Session::Keeping::one_frame) {
    const UniqueFd page = std::move(*create_memfd("pins", layout::kPage));
    return std::make_shared<client::Session>(
        UniqueFd(),
        client::LocalMapping(
            *client::ProcessMark::current(),
            std::move(*Mapping::map(page.get(), layout::kPage, Mapping::Access::read_write))),
        words, 1, std::make_shared<client::PinsClaimed>(), keeping);
}

}  // namespace camtap::test
