#include "campaign.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <sstream>

namespace camtap::faults {
namespace {

constexpr uint32_t kDrawnPerFunction = 1;  // besides the first and the last call
constexpr uint32_t kDrawnAllocations = 20;
constexpr int kGuardMs = 20'000;

struct Description {
    const char* name;
    std::vector<int> errors;
};

const Description& description(Point point) {
    static const std::vector<Description> all = {
#define CAMTAP_FAULT_DESCRIPTION(name, ...) {#name, {__VA_ARGS__}},
        CAMTAP_FAULT_POINTS(CAMTAP_FAULT_DESCRIPTION)
#undef CAMTAP_FAULT_DESCRIPTION
            {"nothing", {}}};
    return all[static_cast<size_t>(point)];
}

std::string wanted() {
    const char* const value = getenv("CAMTAP_FAULTS");
    return value != nullptr ? value : "";
}

unsigned long seed() {
    const char* const value = getenv("CAMTAP_FAULTS_SEED");
    return value != nullptr ? std::strtoul(value, nullptr, 10) : 1;
}

// "sendmsg:3:12", "sendmsg:3" (each error), "sendmsg" (each call of it).
bool names(const std::string& order, const Fault& fault) {
    const std::string all[] = {fault.words(), fault.words().substr(0, fault.words().rfind(':')),
                               description(fault.point).name};
    return std::find(std::begin(all), std::end(all), order) != std::end(all);
}

const char* const kKinds[] = {"undisturbed", "refused", "ended", "WRONG"};

}  // namespace

std::string Fault::words() const {
    return std::string(description(point).name) + ":" + std::to_string(nth) + ":" + std::to_string(error);
}

BoardFile::BoardFile() {
    const int fd = ::open(directory_.file("board").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    EXPECT_EQ(ftruncate(fd, 4096), 0);
    void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED) std::abort();
    board_ = static_cast<Board*>(page);
}

BoardFile::~BoardFile() {
    munmap(board_, 4096);
}

void BoardFile::order(const Fault& fault) {
    std::memset(static_cast<void*>(board_), 0, sizeof *board_);
    board_->point = fault.point;
    board_->nth = fault.nth;
    board_->error = fault.error;
}

std::vector<std::string> BoardFile::environment() const {
    return {std::string("LD_PRELOAD=") + FAULTS_PRELOAD,
            std::string(kBoardVariable) + "=" + directory_.file("board")};
}

void Campaign::run() {
    count();
    if (testing::Test::HasFailure()) return;
    for (const Fault& fault : draw()) live_with(fault);
    print();
    // A shim that counts nothing, or whose faults come to nothing, would find no fault with anybody
    unsigned faults = 0;
    for (const auto& [point, tally] : tallies_) faults += tally.faults;
    EXPECT_GT(faults, 0u) << "no call was made to fail";
    EXPECT_LE(out_of_reach_ * 10, faults) << "too many faults were never met with";
}

void Campaign::run_all() {
    all_ = true;
    run();
}

void Campaign::count() {
    file_.order({});
    const Outcome outcome = life_(file_);
    EXPECT_EQ(outcome.kind, Outcome::Kind::undisturbed) << "nothing fails: " << outcome.words;
    for (const auto& calls : file_.board().calls) calls_.push_back(calls);
    EXPECT_NE(*std::max_element(calls_.begin(), calls_.end()), 0u) << "the shim counts nothing";
}

std::vector<Fault> Campaign::draw() const {
    const std::string order = all_ && wanted().empty() ? "all" : wanted();
    std::mt19937 random(static_cast<std::mt19937::result_type>(seed()));
    std::vector<Fault> faults;
    for (size_t p = 0; p < kPoints; ++p) {
        const auto point = static_cast<Point>(p);
        if (calls_[p] == 0) continue;
        std::set<uint32_t> which = {1, calls_[p]};
        const uint32_t more = point == Point::at_malloc ? kDrawnAllocations : kDrawnPerFunction;
        for (uint32_t i = 0; i < more; ++i)
            which.insert(std::uniform_int_distribution<uint32_t>(1, calls_[p])(random));
        if (!order.empty())
            for (uint32_t n = 1; n <= calls_[p]; ++n) which.insert(n);
        for (const uint32_t n : which) {
            for (const int error : description(point).errors) {
                const Fault fault{point, n, error};
                if (order.empty() || order == "all" || names(order, fault)) faults.push_back(fault);
            }
        }
    }
    return faults;
}

void Campaign::live_with(Fault fault) {
    const uint32_t first_choice = fault.nth;
    Outcome outcome;
    // Lives differ a little in what they call; one that ends before its n-th call fails at its last one
    // instead
    do {
        file_.order(fault);
        outcome = life_(file_);
        if (file_.board().hits != 0 || outcome.kind == Outcome::Kind::wrong) break;
        fault.nth = std::min(fault.nth - 1, file_.board().calls[static_cast<size_t>(fault.point)].load());
    } while (fault.nth > 0);
    if (fault.nth == 0 || file_.board().hits == 0) ++out_of_reach_;
    Tally& tally = tallies_[fault.point];
    ++tally.faults;
    ++tally.by_kind[static_cast<size_t>(outcome.kind)];
    if (outcome.kind == Outcome::Kind::wrong) {
        ADD_FAILURE() << victim_ << ", " << fault.words() << " (" << std::strerror(fault.error)
                      << "), first chosen " << first_choice << ", at " << file_.board().where << "\n"
                      << outcome.words;
    } else if (getenv("CAMTAP_FAULTS_VERBOSE") != nullptr) {
        std::printf("%s: %s, at %s\n%s", fault.words().c_str(), kKinds[static_cast<size_t>(outcome.kind)],
                    file_.board().where, outcome.words.c_str());
    }
}

void Campaign::print() const {
    unsigned faults = 0;
    std::printf("%s: %-20s %8s %8s", victim_.c_str(), "function", "calls", "faults");
    for (const char* kind : kKinds) std::printf(" %12s", kind);
    std::printf("\n");
    for (const auto& [point, tally] : tallies_) {
        faults += tally.faults;
        std::printf("%s: %-20s %8u %8u", victim_.c_str(), description(point).name,
                    calls_[static_cast<size_t>(point)], tally.faults);
        for (const unsigned n : tally.by_kind) std::printf(" %12u", n);
        std::printf("\n");
    }
    std::printf("%s: %u faults, seed %lu, out of reach %u\n", victim_.c_str(), faults, seed(), out_of_reach_);
}

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

size_t descriptors_of(pid_t pid) {
    std::error_code gone;
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd", gone);
    return static_cast<size_t>(std::distance(begin(all), end(all)));
}

std::optional<int> end_of(test::Child& child) {
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, child.pid(), 0));
    pollfd ended{pidfd, POLLIN, 0};
    const bool in_time = pidfd >= 0 && poll(&ended, 1, kGuardMs) == 1;
    close(pidfd);
    if (!in_time) return std::nullopt;
    return child.wait();
}

}  // namespace camtap::faults
