// Runs the real code of a few threads in every way that C++20's memory model allows, and says what went wrong
// in one of them.
//
// A thread's body is ordinary code over the words of word.h. It is run again and again from its beginning:
// operations that the execution graph knows give back what they gave before, the first unknown one suspends
// the body (by an exception) and becomes the thread's next event. So bodies must be deterministic, and touch
// nothing but their own locals and the words.
//
// The search adds one event at a time. A read is tried with each write that is there; a write is tried at
// each place in the modification order and, beyond that, is offered to the reads that came before it: such a
// read is made to read it, and what had been added after that read is forgotten unless the write depends on
// it. To come to each execution once only, that is done only if the forgotten events had read the newest and
// written last: every other choice of theirs is met with elsewhere. (The method is known as TruSt;
// search_test.cpp compares it with a plain enumeration of all interleavings.)
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "graph.h"

namespace camtap::weak {

// An atomic operation in the source code.
struct Site {
    const char* file = "";  // literals, so that making one costs nothing
    const char* function = "";
    unsigned line = 0;
    const char* word = "";
    Kind kind = Kind::load;
    std::memory_order order = std::memory_order_seq_cst;

    auto tie() const {
        return std::tuple(line, kind, order, std::string_view(file), std::string_view(function),
                          std::string_view(word));
    }
    friend bool operator==(const Site& a, const Site& b) { return a.tie() == b.tie(); }
    friend bool operator<(const Site& a, const Site& b) { return a.tie() < b.tie(); }
};

// Another order for one operation of the code.
struct Weakening {
    Site site;
    Order order;
};

struct Report {
    uint64_t executions = 0;  // complete ones, each another
    uint64_t events = 0;      // added in all
    std::map<std::string, uint64_t> outcomes;
    std::set<Site> sites;
    std::string failure;    // empty: none
    std::string execution;  // in which it happened
};

class Explorer {
  public:
    Explorer() = default;
    Explorer(const Explorer&) = delete;
    Explorer& operator=(const Explorer&) = delete;

    uint8_t add_location(const std::string& name, uint64_t initial);
    void add_thread(const std::string& name, std::function<void()> body);
    void weaken(const Weakening& weakening) { weakening_ = weakening; }
    void show_final_values() { final_values_ = true; }

    // Each execution once, until one fails.
    Report explore();
    // The same executions by trying all interleavings, each partial execution once. For small programs.
    Report explore_all_interleavings();

    // ---- for the bodies ----

    uint64_t perform(Label label, const Site& site);
    // Adds to the outcome of this execution.
    void observe(std::string_view what) { fronts_[running_].observed += what; }
    [[noreturn]] void fail(const std::string& why) const;

  private:
    // Where a thread stands after its events in the graph.
    struct Front {
        size_t length = 0;  // their number
        bool finished = false;
        Label label;  // of its next event, unless finished
        std::string observed;
    };
    struct Suspended {};
    struct Failed {
        std::string why;
    };

    Report run(bool all_interleavings);
    void advance(size_t thread);
    bool ready(size_t thread) const;
    void visit();
    void branch(size_t thread);
    void branch_load(const Event& event);
    void branch_store(const Event& event);
    void branch_update(const Event& event);
    void access_plain(Event event);
    void extend(const Event& event, size_t position);
    void complete();
    void report_failure(const std::string& why);

    void offer_to_earlier_reads(const Event& write);
    Clock kept(const Event& reader, const Event& write) const;
    bool may_forget(const Clock& lengths, const Event& write) const;
    bool is_maximal(const Event& event, const Event& write) const;
    void revisit(const Event& reader, const Event& write, const Clock& lengths);
    void reread(const Event& reader, size_t position);

    std::string describe(const Event& event) const;
    std::string describe_execution() const;

    Graph initial_;
    Graph graph_;
    std::vector<std::string> location_names_;
    std::vector<std::string> thread_names_{"initially"};
    std::vector<std::function<void()>> bodies_{nullptr};
    std::vector<Front> fronts_;
    std::optional<Weakening> weakening_;
    bool final_values_ = false;

    bool all_interleavings_ = false;
    std::unordered_set<std::string> seen_;  // partial executions, if all interleavings are tried
    size_t running_ = 0;
    size_t replayed_ = 0;
    Report report_;
};

}  // namespace camtap::weak
