// Promise: whatever taps write into their pin pages, the publisher always finds a free slot, and nobody
// else's frame is touched.
#include "stage.h"
#include "tests/system/raw_client.h"

namespace camtap::test {
namespace {

struct PinGames : Stage {
    void SetUp() override {
        Stage::SetUp();
        open_test_lane();
    }

    // A tap with everything mapped that it was given.
    struct Player : RawTap {
        explicit Player(const std::string& path) : RawTap(path) {
            const auto synced = sync();
            generation = synced.generation;
            geometry = wire::geometry(synced.geometry);
            auto mapping =
                Mapping::map(segment_fd.get(), geometry.segment_bytes(), Mapping::Access::read_only);
            EXPECT_TRUE(mapping.ok() && generation != 0);
            segment = std::move(*mapping);
            view = {segment.data(), geometry};
        }
        layout::Word64& word(uint64_t i) const { return pins().pins[i % max_pins]; }
        uint64_t pin(uint64_t slot) const {
            return layout::pin_value(generation, static_cast<uint32_t>(slot));
        }
        // As an honest tap would, but it never lets go. True: it got the frame.
        bool pin_newest(uint64_t i) const {
            const uint64_t n = view.header().head.load();
            const uint32_t s = view.index(n).load();
            return pins::try_pin(word(i), pin(s), view.slot(s).sequence, n);
        }

        uint32_t generation = 0;
        layout::Geometry geometry;
        Mapping segment;
        layout::SegmentView view;
    };

    void leave_the_seat() const {
        Footprint after = Footprint::of(daemon.pid());
        after.descriptors -= 2;  // its socket and its pidfd
        after.mappings -= 1;     // its pin page
        test->leave();
        expect_footprint(after);
    }

    // Each of so many taps does `step` for ever.
    std::vector<HostileProgram::Body> players(
        uint32_t count, const std::function<void(Player&, Random&, uint64_t)>& step) const {
        std::vector<HostileProgram::Body> bodies;
        for (uint32_t tap = 0; tap < count; ++tap) {
            bodies.push_back([this, tap, step](Forked::Child& child) -> int {
                Player player(daemon.socket_path());
                Random random(tap + 1);
                child.say();
                for (uint64_t i = 0;; ++i) step(player, random, i);
            });
        }
        return bodies;
    }
};

constexpr uint32_t kOthers = kMaxTaps - 1;  // one place is the honest tap's

void pin_for_ever(PinGames::Player& player, Random&, uint64_t i) {
    if (i < player.max_pins) {
        while (!player.pin_newest(i)) {
        }
    } else {
        pause();
    }
}

TEST_F(PinGames, TapsThatPinEverythingForEver) {
    withstand(players(kOthers, pin_for_ever));
}

// Not frames that it may read, but any slot that there is.
TEST_F(PinGames, TapsThatPinAnySlotForEver) {
    withstand(players(kOthers, [](Player& player, Random& random, uint64_t i) {
        player.word(i) = player.pin(random.below(player.geometry.slot_count));
        if (i % player.max_pins == player.max_pins - 1) pause();
    }));
}

TEST_F(PinGames, TapsThatMoveTheirPinsAheadOfTheScan) {
    withstand(players(kOthers, [](Player& player, Random&, uint64_t i) {
        for (uint32_t w = 0; w < player.max_pins; ++w) {
            player.word(w).store(player.pin((i + w) % player.geometry.slot_count), std::memory_order_relaxed);
        }
    }));
}

TEST_F(PinGames, ATapThatPinsWhicheverFrameIsAboutToBeRetired) {
    withstand(players(kOthers, [](Player& player, Random&, uint64_t i) {
        const uint64_t n = player.view.header().head.load() - i % 6;
        const uint32_t s = player.view.index(n).load();
        player.word(i).exchange(player.pin(s));
    }));
}

TEST_F(PinGames, RandomAndAdversarialWords) {
    withstand(players(kOthers, [](Player& player, Random& random, uint64_t) {
        const uint64_t g = player.generation;
        const uint64_t slots = player.geometry.slot_count;
        const uint64_t words[] = {0,
                                  ~uint64_t{0},
                                  player.pin(random.below(slots)),
                                  player.pin(slots),
                                  player.pin(slots + random.below(64)),
                                  g << 32,
                                  g << 32 | 0xffff'ffff,
                                  (g + 1) << 32 | random.below(slots + 2),
                                  (g - 1) << 32 | random.below(slots + 2),
                                  random.nasty()};
        player.word(random()) = words[random.below(std::size(words))];
    }));
}

TEST_F(PinGames, RandomWordsAllOverThePinPage) {
    withstand(players(kOthers, [](Player& player, Random& random, uint64_t) {
        reinterpret_cast<layout::Word64*>(player.page.data())[random.below(layout::kPage / 8)] =
            random.nasty();
    }));
    EXPECT_EQ(daemon.taps("test").size(), 1u);
}

TEST_F(PinGames, EverySeatIsTakenByATapThatPinsEverything) {
    leave_the_seat();
    withstand(players(kMaxTaps, pin_for_ever));
}

TEST_F(PinGames, EverySeatIsTakenByATapThatMovesItsPins) {
    leave_the_seat();
    withstand(players(kMaxTaps, [](Player& player, Random& random, uint64_t i) {
        player.word(i).store(player.pin(random.below(player.geometry.slot_count)), std::memory_order_relaxed);
    }));
}

// The daemon shows them as the tap's claims, and computes nothing with them.
TEST_F(PinGames, ALedgerFullOfLiesIsShownAndNothingElse) {
    play([this](Forked::Child&) {
        Player player(daemon.socket_path());
        for (layout::Word64* word = &player.pins().delivered; word <= &player.pins().last_sequence; ++word) {
            *word = ~uint64_t{0};
        }
        const auto taps = daemon.taps("test");
        EXPECT_EQ(taps.size(), 2u);
        EXPECT_EQ(std::count_if(taps.begin(), taps.end(),
                                [](const auto& t) { return t.delivered == ~uint64_t{0}; }),
                  1);
        return 0;
    });
}

}  // namespace
}  // namespace camtap::test
