// What a publisher is told of taps, by a daemon that makes sense or doesn't: it knows exactly the pages that it was
// last told of, can look at every word of them, and refuses the rest.
#include "client/seats.h"

#include <fcntl.h>

#include <array>
#include <cstring>
#include <map>

#include "common/check.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/touch.h"

namespace camtap::fuzz {
namespace {

constexpr size_t kPages = 3;
constexpr uint64_t kLastKnown = ~uint64_t{0} - 16;  // no honest daemon counts so far

client::ProcessMark mark() {
    static const client::ProcessMark mark = *client::ProcessMark::current();
    return mark;
}

// Each page has its number in all of its words.
const UniqueFd& page(size_t number) {
    static const auto pages = [] {
        std::array<UniqueFd, kPages> made;
        for (size_t i = 0; i < kPages; ++i) {
            made[i] = std::move(*create_memfd("fuzzed-page", layout::kPage));
            const Mapping mapping =
                std::move(*Mapping::map(made[i].get(), layout::kPage, Mapping::Access::read_write));
            for (auto& word : reinterpret_cast<layout::PinPage*>(mapping.data())->pins) word.store(i);
            CAMTAP_CHECK(seal_against_writers(made[i].get()).ok());
        }
        return made;
    }();
    return pages[number];
}

// None of these can be a page.
const UniqueFd& something_else(uint32_t which) {
    static const UniqueFd others[] = {std::move(*create_memfd("fuzzed-page", layout::kPage - 1)),
                                      UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)),
                                      UniqueFd(open("/", O_PATH | O_CLOEXEC))};
    return others[which % std::size(others)];
}

class Conversation {
  public:
    explicit Conversation(Input& input) : input_(input), seats_(mark()) {}

    void hold() {
        while (!input_.used_up()) {
            one_answer();
            check();
        }
    }

  private:
    struct Told {
        size_t page;
        uint32_t words;
    };

    void one_answer() {
        auto change = wire::make<wire::Seat>();
        if (seats_.known() > kLastKnown) start_again();
        const uint64_t known = seats_.known();
        const bool is_news = input_.below(8) != 0;
        const bool is_taken = is_news && input_.flag();
        const size_t number = input_.below(kPages);
        change.seat = input_.below(4);
        change.words = is_taken ? 1 + input_.below(layout::kMaxPinWords) : 0;
        change.seating = is_news ? known + 1 + input_.below(3) : known;
        change.newest = change.seating + (is_news ? input_.below(3) : 0);
        const wire::Seat honest = change;
        change.seat = input_.about(change.seat);
        change.words = input_.about(change.words);
        change.seating = input_.about(change.seating);
        change.newest = input_.about(change.newest);
        const bool other_page = input_.below(16) == 15;
        static const UniqueFd none;
        const UniqueFd& fd = other_page ? something_else(input_.below(4)) : is_taken ? page(number) : none;
        const bool makes_sense = !other_page && std::memcmp(&change, &honest, sizeof change) == 0;
        const Status taken = seats_.take(change, fd);
        if (!taken.ok()) {
            CAMTAP_CHECK(!makes_sense);
            return start_again();
        }
        CAMTAP_CHECK(!other_page || !fd);
        CAMTAP_CHECK(change.seat < layout::kMaxSlots && change.words <= layout::kMaxPinWords);
        CAMTAP_CHECK(change.seating >= known && change.seating <= change.newest);
        CAMTAP_CHECK(seats_.known() == change.seating);
        if (change.seating == known) {
            CAMTAP_CHECK(!fd && change.newest == known);
            return;
        }
        CAMTAP_CHECK((change.words > 0) == static_cast<bool>(fd));
        if (fd) {
            told_[change.seat] = Told{number, change.words};
        } else {
            told_.erase(change.seat);
        }
    }

    // With another connection.
    void start_again() {
        told_.clear();
        seats_.forget();
    }

    void check() const {
        const std::span<const client::PinWords> pins = seats_.pins();
        CAMTAP_CHECK(pins.size() == told_.size());
        std::multimap<size_t, size_t> seen;
        for (const client::PinWords& words : pins) {
            touch(words.data(), words.size_bytes());
            CAMTAP_CHECK(!words.empty());
            seen.emplace(words.front().load(), words.size());
        }
        std::multimap<size_t, size_t> expected;
        for (const auto& [seat, told] : told_) expected.emplace(told.page, told.words);
        const auto equal_sets = [](const auto& a, const auto& b) {
            return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
        };
        CAMTAP_CHECK(equal_sets(seen, expected));
    }

    Input& input_;
    client::Seats seats_;
    std::map<uint32_t, Told> told_;  // by seat
};

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    camtap::fuzz::Input input(data, bytes);
    camtap::fuzz::Conversation(input).hold();
    return 0;
}
