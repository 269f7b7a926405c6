// What is explored, and with what weakened: the same for the test and for the long form.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "arming.h"
#include "sharing.h"

namespace camtap::weak {

struct Experiment {
    std::variant<SharingPlan, ArmingPlan> plan;

    Report explore(const std::optional<Weakening>& weakening = std::nullopt) const;
    std::string name() const;
};

std::vector<Experiment> small_experiments();  // together they find every weakening and every fault
std::vector<Experiment> larger_experiments();
std::vector<Experiment> largest_experiments();  // for the long form

// The operations of pins.h that the experiments came by.
std::set<Site> operations_of_pins(const std::set<Site>& sites);

// Every weaker order that this operation could have been given.
struct WeakerOrder {
    std::string name;
    Order order;
};
std::vector<WeakerOrder> weaker_orders(const Site& site);

// "try_pin: pin exchange"
std::string name(const Site& site);

struct NamedFault {
    const char* name;
    std::variant<SharingPlan::Fault, ArmingPlan::Fault> fault;
};
std::vector<NamedFault> faults();

// How a broken variant was noticed; empty: it wasn't.
struct Finding {
    std::string experiment;
    uint64_t executions = 0;  // sound ones before it, in that experiment
    std::string failure;
    std::string execution;
};
std::optional<Finding> find_error(const Weakening& weakening);
std::optional<Finding> find_error(const NamedFault& fault);

}  // namespace camtap::weak
