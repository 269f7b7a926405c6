#include "scene.h"

#include <sched.h>
#include <sys/wait.h>

#include <stdexcept>

#include "common/layout.h"
#include "daemon/source/pattern_frame.h"

namespace camtap::test {
namespace {

// Long clocks: nothing that is checked here may be owed to one that ran out.
constexpr const char* kDaemonTable = "[daemon]\nhandshake_timeout = 600\nmax_memory = ";
constexpr const char* kStreamTable = R"(
[[stream]]
name = "test"
source = "publisher"
stale_after = 600
max_taps = 2
max_pins = 2
depth = )";
constexpr uint32_t kPinWords = 2 * 2;
constexpr uint32_t kTapDepth = 2;
constexpr uint32_t kPublisherDepth = 8;
constexpr uint32_t kStock = 2;  // the victim's, and the largest

// No more than the victim's larger generation takes: whatever of another were still counted would be too
// much. (A publisher asks for half as much again as it needs.)
uint64_t just_enough_memory() {
    return layout::Geometry::of(kPublisherDepth + kStock + kPinWords, kPublisherDepth + kStock,
                                kGrownBytes + kGrownBytes / 2)
        .segment_bytes();
}

std::string configuration(uint32_t depth) {
    return kDaemonTable + std::to_string(just_enough_memory()) + kStreamTable + std::to_string(depth) + "\n";
}

}  // namespace

void require(bool condition, const std::string& what) {
    if (!condition) throw std::runtime_error(what);
}

void until(const std::string& what, const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kGuard;
    for (int tries = 0; !condition(); ++tries) {
        require(std::chrono::steady_clock::now() < deadline, "not within the guard: " + what);
        if (tries < 20) {
            sched_yield();
        } else {
            poll(nullptr, 0, 1);
        }
    }
}

// ---- what both have in common ----

OneCore::OneCore() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(static_cast<size_t>(sched_getcpu()), &here);
    sched_setaffinity(0, sizeof here, &here);
}

OneCore::~OneCore() {
    sched_setaffinity(0, sizeof before_, &before_);
}

Scene::Scene(const std::string& text) : daemon_(text) {
    require(daemon_.pid() > 0, "camtapd doesn't start");
    beside_.emplace(daemon_.tap("test"));
}

void Scene::hold_daemon() {
    if (held_) return;
    ::kill(daemon_.pid(), SIGSTOP);
    int status = 0;
    waitpid(daemon_.pid(), &status, WUNTRACED);
    require(WIFSTOPPED(status), "camtapd is dead");
    held_ = true;
}

void Scene::let_go() {
    if (held_) ::kill(daemon_.pid(), SIGCONT);
    held_ = false;
}

bool Scene::daemon_lives() const {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(daemon_.pid()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

void Scene::take_baseline() {
    daemon_before_ = daemon_holdings(daemon_.pid(), daemon_.socket_path());
    for (int i = 0; i < 10; ++i) {  // one that has hung up may be closed only a turn of the loop later
        const Holdings now = daemon_holdings(daemon_.pid(), daemon_.socket_path());
        daemon_before_ = {std::min(daemon_before_.descriptors, now.descriptors),
                          std::min(daemon_before_.mappings, now.mappings)};
    }
    own_before_ = own_holdings();
}

void Scene::check_daemon_holdings() const {
    Holdings now;
    try {
        until("holdings", [&] {
            now = daemon_holdings(daemon_.pid(), daemon_.socket_path());
            return now == daemon_before_;
        });
    } catch (const std::runtime_error&) {
        require(false, "camtapd has " + now.text() + "; before it had " + daemon_before_.text());
    }
}

void Scene::check_own_holdings() const {
    const Holdings own = own_holdings();
    require(own == own_before_, "the honest tap has " + own.text() + "; before it had " + own_before_.text());
}

uint64_t Scene::publish(Publisher& publisher) {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.source_sequence = ++number_;
    info.image = tiny_image();
    Slot slot = publisher.acquire(kFrameBytes, kGuard);
    source::certify_pattern(info.image, slot.data(), number_, 0);
    return publisher.publish(std::move(slot), info);
}

Frame Scene::honest_frame(std::optional<Frame> frame) {
    require(frame.has_value(), "the honest tap got no frame");
    uint64_t number = 0;
    require(source::pattern_frame_ok(frame->image(), frame->data(), &number) &&
                number == frame->info().source_sequence,
            "the honest tap got a torn frame");
    require(frame->sequence() > last_sequence_, "a sequence number isn't greater than the one before");
    last_sequence_ = frame->sequence();
    ++delivered_;
    const camtap_tap_status status = beside_->status();
    require(status.expected == status.delivered && status.delivered == delivered_,
            "the honest tap missed frames: " + std::to_string(status.expected) + " expected, " +
                std::to_string(status.delivered) + " got");
    require(status.attachments == 1, "the honest tap had to attach again");
    return std::move(*frame);
}

Frame Scene::honest_next(uint64_t expected_sequence) {
    Frame frame = honest_frame(beside_->next(kGuard));
    require(frame.sequence() == expected_sequence, "the honest tap got another frame than the one published");
    return frame;
}

// ---- a tap is the victim ----

TapScene::TapScene() : Scene(configuration(kTapDepth)) {
    publisher_.emplace(daemon_.publisher("test", 1));
    forget_leavers();
    take_baseline();
    check();
}

// The publisher, which lives in this process, hears who taps when it fills a slot again.
void TapScene::forget_leavers() {
    until("camtapd knows of one tap", [&] { return daemon_.info("test").taps == 1; });
    for (uint32_t i = 0; i < kTapDepth + 2; ++i) show();
}

void TapScene::show() {
    const uint64_t sequence = publish(*publisher_);
    honest_next(sequence);
}

void TapScene::restart_publisher() {
    publisher_.reset();
    until("the publisher is gone", [&] { return daemon_.info("test").publisher_pid == 0; });
    publisher_.emplace(daemon_.publisher("test", 1));
    show();
}

void TapScene::enter(const std::string& phase, bool stepped) {
    if (phase == "wait" || phase == "watch") {
        if (!stepped) show();  // so that it needn't wait
    } else if (phase == "latest") {
        for (int i = 0; i < 3; ++i) show();
    } else if (phase == "move") {
        restart_publisher();
    }
}

void TapScene::wake(const std::string& phase) {
    if (phase == "wait" || phase == "watch") show();
}

void TapScene::go_on_beside() {
    if (daemon_is_held()) return;                         // then nobody says whose pins there are
    for (uint32_t i = 0; i < kTapDepth + 2; ++i) show();  // every frame that was visible is retired
}

void TapScene::check() {
    show();
    forget_leavers();
    use_all_slots();
    forget_leavers();
    check_daemon_holdings();
    check_own_holdings();
}

// depth 2 + stock 1 + 2 taps × 2 pins make 7 slots: 4 pinned, 2 visible, and one is free.
void TapScene::use_all_slots() {
    require(daemon_.info("test").slots == 7, "another number of slots than this test is made for");
    Tap prober = daemon_.tap("test");  // in the victim's place
    while (prober.try_next()) {
    }
    std::vector<Frame> held;
    held.push_back(honest_next(publish(*publisher_)));
    require(prober.next(kGuard).has_value(), "a new tap gets no frame");
    for (int i = 0; i < 2; ++i) {
        show();
        auto frame = prober.next(kGuard);
        require(frame.has_value(), "a new tap gets no frame");
        held.push_back(std::move(*frame));
    }
    held.push_back(honest_next(publish(*publisher_)));
    const uint64_t first = publish(*publisher_);
    const uint64_t second = publish(*publisher_);
    { const Slot last = publisher_->acquire(kFrameBytes, kGuard); }
    held.clear();
    honest_next(first);
    honest_next(second);
}

// ---- the publisher is the victim ----

// The honest tap has an event loop, so that the victim has to tell the daemon of its frames.
PublisherScene::PublisherScene() : Scene(configuration(kPublisherDepth)) {
    (void)beside_->fd();
    publish_as_another();
    take_baseline();
    check();
}

// So that it has mapped a generation before the next one comes: frames of one that it never saw it rightly
// misses.
void PublisherScene::enter(const std::string&, bool) {
    drain();
}

// The daemon looks at what the victim has published, and mustn't find half of something.
void PublisherScene::go_on_beside() {
    if (!daemon_is_held()) drain();
}

// Takes all that was published so far, waiting until it is told of it.
void PublisherScene::drain() {
    const camtap_stream_info info = daemon_.info("test");
    require(std::string(info.reason).find("broke the protocol") == std::string::npos, info.reason);
    const uint64_t published = info.published;
    for (;;) {
        while (auto frame = beside_->try_next()) honest_frame(std::move(frame));
        if (delivered_ >= published) break;
        pollfd readable{beside_->fd(), POLLIN, 0};
        require(poll(&readable, 1, 20'000) == 1, "the honest tap isn't told of frames that are there");
    }
    require(delivered_ == published, "the honest tap got " + std::to_string(delivered_) +
                                         " frames, but camtapd counts " + std::to_string(published));
}

void PublisherScene::await_no_publisher() {
    until("the stream is offline", [&] {
        const camtap_stream_info info = daemon_.info("test");
        return info.publisher_pid == 0 && info.state == uint32_t{CAMTAP_STREAM_OFFLINE};
    });
}

void PublisherScene::publish_as_another() {
    Publisher publisher = daemon_.publisher("test", kStock);
    for (int i = 0; i < 4; ++i) {
        const uint64_t sequence = publish(publisher);
        honest_next(sequence);
    }
}

void PublisherScene::check() {
    await_no_publisher();
    drain();
    check_daemon_holdings();
    publish_as_another();
    await_no_publisher();
    check_daemon_holdings();
    check_own_holdings();
}

}  // namespace camtap::test
