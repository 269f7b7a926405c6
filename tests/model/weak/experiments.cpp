#include "experiments.h"

namespace camtap::weak {

// ---- what is explored ----

static Report explore_plan(const SharingPlan& plan, const std::optional<Weakening>& weakening) {
    Explorer explorer;
    Sharing sharing(explorer, plan);
    if (weakening) explorer.weaken(*weakening);
    return explorer.explore();
}

static Report explore_plan(const ArmingPlan& plan, const std::optional<Weakening>& weakening) {
    Explorer explorer;
    Arming arming(explorer, plan);
    if (weakening) explorer.weaken(*weakening);
    return explorer.explore();
}

Report Experiment::explore(const std::optional<Weakening>& weakening) const {
    return std::visit([&](const auto& p) { return explore_plan(p, weakening); }, plan);
}

static std::string count(uint32_t n, const char* what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

static std::string name_of(const SharingPlan& plan) {
    const std::string late = plan.late_taps == 0 ? "" : " (" + std::to_string(plan.late_taps) + " late)";
    std::string name = count(plan.taps, "tap") + late + " × " + count(plan.pin_words, "pin") + " × " +
                       count(plan.looks, "look") + ", " + count(plan.frames, "frame") + ", " +
                       count(plan.slots(), "slot") + " (depth " + std::to_string(plan.depth) + ", stock " +
                       std::to_string(plan.stock) + ")";
    if (plan.hurried) name += ", the publisher goes on while it asks";
    if (plan.leaver) name += ", tap 1 leaves";
    if (plan.hearsay) name += ", frames known by hearsay";
    if (plan.behind) name += ", one behind";
    if (plan.moves_pins) name += ", pins moved";
    return name;
}

static std::string name_of(const ArmingPlan& plan) {
    return "arming, " + count(plan.frames, "frame");
}

std::string Experiment::name() const {
    return std::visit([](const auto& p) { return name_of(p); }, plan);
}

// taps, pins and looks of each; frames, depth, stock
static SharingPlan ring(uint32_t taps, uint32_t pins, uint32_t looks, uint32_t frames, uint32_t depth,
                        uint32_t stock) {
    SharingPlan plan;
    plan.taps = taps;
    plan.pin_words = pins;
    plan.looks = looks;
    plan.frames = frames;
    plan.depth = depth;
    plan.stock = stock;
    return plan;
}

static SharingPlan by_hearsay(SharingPlan plan) {
    plan.hearsay = true;
    return plan;
}

static SharingPlan moving_pins(SharingPlan plan) {
    plan.moves_pins = true;
    return plan;
}

static SharingPlan one_behind(SharingPlan plan) {
    plan.behind = true;
    return plan;
}

// So many of its taps get their seats while frames are published.
static SharingPlan late(uint32_t late_taps, SharingPlan plan) {
    plan.late_taps = late_taps;
    return plan;
}

// The publisher doesn't wait for answers while it has free slots.
static SharingPlan hurried(SharingPlan plan) {
    plan.hurried = true;
    return plan;
}

// One that has its seat leaves, and a late one gets it.
static SharingPlan leaving(SharingPlan plan) {
    plan.leaver = true;
    return plan;
}

std::vector<Experiment> small_experiments() {
    return {
        {ArmingPlan{3}},
        {ring(1, 1, 2, 4, 1, 1)},
        {ring(1, 1, 2, 5, 1, 2)},
        {by_hearsay(ring(1, 1, 2, 4, 1, 1))},
        {moving_pins(ring(1, 1, 3, 4, 1, 1))},
        {one_behind(ring(1, 1, 3, 5, 2, 2))},
        {ring(1, 2, 3, 4, 1, 1)},
        {ring(2, 1, 1, 5, 1, 2)},
        {late(1, ring(1, 1, 2, 4, 1, 1))},
        {late(1, by_hearsay(ring(1, 1, 2, 4, 1, 1)))},
        {late(1, ring(2, 1, 1, 4, 1, 1))},
        {late(2, one_behind(ring(2, 1, 1, 4, 1, 1)))},
        {late(2, ring(3, 1, 1, 3, 1, 1))},
        {late(1, hurried(ring(2, 1, 1, 5, 1, 1)))},
        {leaving(late(1, hurried(ring(2, 1, 1, 5, 1, 1))))},
        {leaving(late(1, ring(2, 1, 1, 4, 1, 1)))},
        {leaving(late(1, ring(2, 2, 2, 4, 1, 1)))},
        {leaving(late(2, ring(3, 1, 1, 3, 1, 1)))},
    };
}

std::vector<Experiment> larger_experiments() {
    return {
        {ArmingPlan{6}},
        {ring(1, 1, 5, 5, 1, 1)},
        {by_hearsay(ring(1, 1, 3, 5, 1, 1))},
        {ring(2, 1, 2, 4, 1, 1)},
        {ring(2, 1, 2, 5, 1, 2)},
        {one_behind(ring(2, 1, 2, 5, 2, 2))},
        {ring(2, 2, 2, 4, 1, 1)},
        {moving_pins(ring(2, 1, 3, 4, 1, 2))},
        {ring(3, 1, 1, 4, 1, 1)},
        {late(1, ring(2, 1, 2, 4, 1, 1))},
        {late(2, by_hearsay(one_behind(ring(2, 1, 1, 4, 1, 1))))},
        {late(2, ring(3, 1, 1, 4, 1, 1))},
        {late(2, hurried(ring(2, 1, 1, 6, 1, 1)))},
        {leaving(late(1, ring(2, 1, 2, 5, 1, 1)))},
        {leaving(late(2, one_behind(ring(3, 1, 1, 4, 1, 1))))},
    };
}

std::vector<Experiment> largest_experiments() {
    return {
        {ArmingPlan{7}},
        {ring(2, 1, 2, 5, 1, 1)},
        {ring(2, 1, 3, 4, 1, 1)},
        {one_behind(ring(2, 1, 3, 5, 2, 2))},
        {ring(2, 2, 3, 4, 1, 1)},
        {ring(3, 1, 1, 5, 1, 1)},
        {late(2, ring(2, 1, 2, 4, 1, 1))},
        {late(2, one_behind(ring(2, 1, 2, 4, 1, 1)))},
        {late(1, ring(2, 2, 2, 4, 1, 1))},
        {late(3, ring(3, 1, 1, 4, 1, 1))},
        {late(1, hurried(ring(2, 1, 2, 5, 1, 1)))},
        {leaving(late(1, hurried(one_behind(ring(2, 1, 2, 5, 1, 1)))))},
        {leaving(late(1, ring(2, 2, 3, 5, 1, 1)))},
        {leaving(late(2, ring(3, 1, 1, 5, 1, 1)))},
    };
}

// ---- what is weakened ----

std::set<Site> operations_of_pins(const std::set<Site>& sites) {
    std::set<Site> found;
    for (const Site& site : sites) {
        if (std::string_view(site.file).ends_with("common/pins.h")) found.insert(site);
    }
    return found;
}

std::vector<WeakerOrder> weaker_orders(const Site& site) {
    using enum std::memory_order;
    std::vector<WeakerOrder> orders;
    const bool update = site.kind == Kind::exchange || site.kind == Kind::fetch_add;
    const bool from_seq_cst = site.order == seq_cst;
    const bool from_acq_rel = from_seq_cst || site.order == acq_rel;
    if (update && from_seq_cst) orders.push_back({"acq_rel", Order::of(acq_rel)});
    if (site.kind != Kind::load && (update ? from_acq_rel : from_seq_cst))
        orders.push_back({"release", Order::of(release)});
    if (site.kind != Kind::store && (update ? from_acq_rel : from_seq_cst))
        orders.push_back({"acquire", Order::of(acquire)});
    if (site.order != relaxed) orders.push_back({"relaxed", Order::of(relaxed)});
    // No order of C++, but what pins.h says about setting a pin: its place in S isn't all that is needed.
    if (update && from_seq_cst) orders.push_back({"seq_cst that doesn't release", {true, false, true}});
    return orders;
}

std::string name(const Site& site) {
    static constexpr const char* kKinds[] = {"load", "store", "exchange", "fetch_add"};
    const std::string_view function = site.function;
    return std::string(function.substr(0, function.find('<'))) + ": " + site.word + " " +
           kKinds[static_cast<size_t>(site.kind)];
}

std::vector<NamedFault> faults() {
    using Ring = SharingPlan::Fault;
    using Wish = ArmingPlan::Fault;
    return {
        {"retire: no 0 is stored", Ring::no_retire},
        {"the snapshot is taken before the slots are retired", Ring::snapshot_first},
        {"the pins are looked at slot by slot", Ring::slot_by_slot},
        {"slots are freed without a look at the pins", Ring::freed_unseen},
        {"the publisher doesn't look for new taps", Ring::seating_ignored},
        {"the publisher looks for new taps before it retires slots", Ring::seating_read_first},
        {"the publisher asks who taps before it retires slots", Ring::asked_before_retire},
        {"the publisher goes on retiring slots while it asks", Ring::retired_while_asking},
        {"the publisher goes on while it asks, and doesn't look again", Ring::one_pass_only},
        {"the publisher asks once, and is told of one change of two", Ring::one_answer_only},
        {"a new tap is told of the segment before the change is stored", Ring::told_before_reseat},
        {"a tap loses its seat before it has left", Ring::unseated_unasked},
        {"the tap checks the sequence before it pins", Ring::check_before_pin},
        {"the tap reads on after unpin", Ring::read_unpinned},
        {"the daemon reads head before it stores the wish", Wish::head_before_arming},
        {"the publisher looks for a wish before it publishes", Wish::armed_before_head},
    };
}

static std::optional<Finding> error_in(const Experiment& experiment,
                                       const std::optional<Weakening>& weakening) {
    const Report report = experiment.explore(weakening);
    if (report.failure.empty()) return std::nullopt;
    return Finding{experiment.name(), report.executions, report.failure, report.execution};
}

std::optional<Finding> find_error(const Weakening& weakening) {
    for (const Experiment& experiment : small_experiments()) {
        if (auto found = error_in(experiment, weakening)) return found;
    }
    return std::nullopt;
}

std::optional<Finding> find_error(const NamedFault& fault) {
    for (Experiment experiment : small_experiments()) {
        auto* ring_plan = std::get_if<SharingPlan>(&experiment.plan);
        auto* arming_plan = std::get_if<ArmingPlan>(&experiment.plan);
        const auto* ring_fault = std::get_if<SharingPlan::Fault>(&fault.fault);
        const auto* arming_fault = std::get_if<ArmingPlan::Fault>(&fault.fault);
        if ((ring_plan == nullptr) != (ring_fault == nullptr)) continue;
        if (ring_plan != nullptr) ring_plan->fault = *ring_fault;
        if (arming_plan != nullptr) arming_plan->fault = *arming_fault;
        if (auto found = error_in(experiment, std::nullopt)) return found;
    }
    return std::nullopt;
}

}  // namespace camtap::weak
