// What a victim is killed in the midst of: a daemon, and an honest tap beside it that must not notice.
#pragma once

#include <sched.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "holdings.h"
#include "marker.h"
#include "tests/system/daemon_fixture.h"

namespace camtap::test {

// While it lives, this process stays on one core, and so does every victim that it starts: a step is a switch
// between the two.
class OneCore {
  public:
    OneCore();
    ~OneCore();
    OneCore(const OneCore&) = delete;
    OneCore& operator=(const OneCore&) = delete;

  private:
    cpu_set_t before_;
};

// A promise that was broken throws std::runtime_error, which says which.
class Scene {
  public:
    virtual ~Scene() = default;
    virtual std::vector<std::string> victim() const = 0;

    // The victim is about to begin `phase`; `stepped`: in single steps, else at full speed.
    virtual void enter(const std::string& phase, bool stepped) = 0;
    // The stepped victim sleeps in a system call.
    virtual void wake(const std::string& phase) = 0;
    // The victim has come to its point, and stands still. Does everybody else go on?
    virtual void go_on_beside() = 0;
    // The victim is dead. Is everything as it was before it came?
    virtual void check() = 0;

    // From here on until let_go() the daemon is stopped, so that the victim gets no answer.
    void hold_daemon();
    void let_go();
    bool daemon_is_held() const { return held_; }
    bool daemon_lives() const;

  protected:
    explicit Scene(const std::string& configuration);

    // Makes what the daemon and this process have now the measure of later checks.
    void take_baseline();
    void check_daemon_holdings() const;
    void check_own_holdings() const;

    uint64_t publish(Publisher& publisher);
    // The honest tap's next frame: whole, later than those before, and none was missed.
    Frame honest_next(uint64_t expected_sequence = 0);
    Frame honest_frame(std::optional<Frame> frame);

    Daemon daemon_;
    OneCore one_core_;
    std::optional<Tap> beside_;
    uint64_t delivered_ = 0;

  private:
    bool held_ = false;
    uint64_t number_ = 0;
    uint64_t last_sequence_ = 0;
    Holdings daemon_before_, own_before_;
};

// A tap is the victim; the publisher is ours.
class TapScene : public Scene {
  public:
    TapScene();
    std::vector<std::string> victim() const override { return {VICTIM_TAP, daemon_.socket_path()}; }
    void enter(const std::string& phase, bool stepped) override;
    void wake(const std::string& phase) override;
    void go_on_beside() override;
    void check() override;

  private:
    void show();  // publishes a frame that the honest tap gets
    void restart_publisher();
    // Holds so many frames that the publisher needs every slot there is: one that is lost is one too few.
    void forget_leavers();
    void use_all_slots();

    std::optional<Publisher> publisher_;
};

// The publisher is the victim.
class PublisherScene : public Scene {
  public:
    PublisherScene();
    std::vector<std::string> victim() const override { return {VICTIM_PUBLISHER, daemon_.socket_path()}; }
    void enter(const std::string& phase, bool stepped) override;
    void wake(const std::string&) override {}
    void go_on_beside() override;
    void check() override;

  private:
    void drain();
    void await_no_publisher();
    void publish_as_another();
};

void require(bool condition, const std::string& what);
// Asks again and again until `condition` holds; throws after the guard.
void until(const std::string& what, const std::function<bool()>& condition);

}  // namespace camtap::test
