// Promise: the search finds each execution of any program once. Small programs drawn by lot, each explored a
// second time by a plain enumeration of all interleavings.
#include <gtest/gtest.h>

#include <random>

#include "word.h"

namespace camtap::weak {
namespace {

using enum std::memory_order;

// Three threads of two or three operations each on two words, drawn by lot.
class AnyProgram {
  public:
    explicit AnyProgram(unsigned seed) {
        std::mt19937 random(seed);
        for (auto& body : bodies_) {
            body.resize(2 + random() % 2);
            for (Step& step : body) step = {random() % 6, random() % 2, random()};
        }
        for (size_t t = 0; t < 3; ++t) explorer.add_thread("thread", [this, t] { run(t); });
        explorer.show_final_values();
    }

    Explorer explorer;

  private:
    struct Step {
        uint64_t kind, word, order;
    };

    void run(size_t thread) {
        static constexpr std::memory_order kLoad[] = {relaxed, acquire, seq_cst};
        static constexpr std::memory_order kStore[] = {relaxed, release, seq_cst};
        static constexpr std::memory_order kUpdate[] = {relaxed, acquire, release, acq_rel, seq_cst};
        uint64_t value = 10 * (thread + 1);
        for (const auto& [kind, word, order] : bodies_[thread]) {
            Word& w = words_[word];
            uint64_t seen = 0;
            if (kind <= 1) seen = w.load(kLoad[order % 3]);
            if (kind == 2 || kind == 3) w.store(++value, kStore[order % 3]);
            if (kind == 4) seen = w.exchange(++value, kUpdate[order % 5]);
            if (kind == 5) seen = w.fetch_add(++value, kUpdate[order % 5]);
            explorer.observe(std::to_string(seen) + ",");
        }
    }

    Word words_[2] = {{explorer, "x"}, {explorer, "y"}};
    std::vector<Step> bodies_[3];
};

TEST(Search, FindsEachExecutionOfAnyProgramOnce) {
    for (unsigned seed = 1; seed <= 1000; ++seed) {
        AnyProgram program(seed);
        const Report each_once = program.explorer.explore();
        const Report all = program.explorer.explore_all_interleavings();
        ASSERT_EQ(each_once.executions, all.executions) << "seed " << seed;
        ASSERT_EQ(each_once.outcomes, all.outcomes) << "seed " << seed;
    }
}

}  // namespace
}  // namespace camtap::weak
