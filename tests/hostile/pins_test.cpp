// Promise: whatever taps write into their pin pages, the publisher always finds a free slot, and nobody
// else's frame is touched.
#include "stage.h"
#include "tests/system/raw_client.h"

namespace camtap::test {
namespace {

struct PinGames : Stage {
    using Stage::Stage;
    void SetUp() override {
        Stage::SetUp();
        open_test_lane();
    }

    // A tap with everything mapped that it was given.
    struct Player : RawTap {
        Player(const std::string& path, uint32_t number_of_it) : RawTap(path), number(number_of_it) {
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

        uint32_t number;  // among the players
        uint32_t generation = 0;
        layout::Geometry geometry;
        Mapping segment;
        layout::SegmentView view;
    };

    void leave_the_seat() const {
        Footprint after = Footprint::of(daemon.pid());
        after.descriptors -= 3;  // its socket, its pidfd and its pin page
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
                Player player(daemon.socket_path(), tap);
                Random random(tap + 1);
                child.say();
                for (uint64_t i = 0;; ++i) step(player, random, i);
            });
        }
        return bodies;
    }
};

constexpr uint32_t kOthers = kMaxTaps - 1;  // one place is the honest tap's

// As honest taps would, each its own frames, until every word is in use.
void pin_for_ever(PinGames::Player& player, Random&, uint64_t i) {
    if (i >= player.max_pins) pause();
    const uint64_t seen = player.view.header().head;
    while (player.view.header().head == seen ||
           player.view.header().head % kMaxTaps != player.number % kMaxTaps || !player.pin_newest(i)) {
        sched_yield();
    }
}

// As many slots as there are words, whatever is in them.
void pin_slots_for_ever(PinGames::Player& player, Random&, uint64_t i) {
    player.word(i) = player.pin(player.number * player.max_pins + i);
    if (i + 1 >= player.max_pins) pause();
}

TEST_F(PinGames, TapsThatPinEverythingForEver) {
    withstand(players(kOthers, pin_for_ever));
}

TEST_F(PinGames, TapsThatPinAnySlotsForEver) {
    withstand(players(kOthers, pin_slots_for_ever));
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

TEST_F(PinGames, EverySeatIsTakenByATapThatPinsSlotsOfItsOwn) {
    leave_the_seat();
    withstand(players(kMaxTaps, pin_slots_for_ever));
}

TEST_F(PinGames, EverySeatIsTakenByATapThatMovesItsPins) {
    leave_the_seat();
    withstand(players(kMaxTaps, [](Player& player, Random& random, uint64_t i) {
        player.word(i).store(player.pin(random.below(player.geometry.slot_count)), std::memory_order_relaxed);
    }));
}

// ---- as few slots as there can be

constexpr const char* kFewest = R"(
[[stream]]
name = "test"
source = "publisher"
depth = 1
max_taps = 1
max_pins = 2
allow_users = ["*"]
[[stream]]
name = "beside"
source = "publisher"
depth = 8
max_pins = 4
)";

// Of five slots one is visible, two are free or being filled, and two are all that a tap may have. A scan slot by
// slot would be fooled within some hundred frames.
struct FewestSlots : PinGames {
    FewestSlots() : PinGames(kFewest) {}
    void SetUp() override {
        PinGames::SetUp();
        leave_the_seat();
    }
    void withstand_one(const std::function<void(Player&, Random&, uint64_t)>& step) {
        rounds = 10;
        withstand(players(1, step));
    }
};

TEST_F(FewestSlots, ATapThatHoldsOneAndMovesTheOther) {
    withstand_one([](Player& player, Random&, uint64_t i) {
        player.word(0).store(player.pin(0), std::memory_order_relaxed);
        player.word(1).store(player.pin(1 + i % (player.geometry.slot_count - 1)), std::memory_order_relaxed);
    });
}

TEST_F(FewestSlots, ATapThatMovesBothAtRandom) {
    withstand_one([](Player& player, Random& random, uint64_t i) {
        player.word(i).store(player.pin(random.below(player.geometry.slot_count)), std::memory_order_relaxed);
    });
}

TEST_F(FewestSlots, ATapThatPinsBothForEver) {
    withstand_one(pin_slots_for_ever);
}

// ----

// The daemon shows them as the tap's claims, and computes nothing with them.
TEST_F(PinGames, ALedgerFullOfLiesIsShownAndNothingElse) {
    play([this](Forked::Child&) {
        Player player(daemon.socket_path(), 0);
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
