// The real broker on the real event loop, within the fuzzer's own process and thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/broker.h"

namespace camtap::fuzz {

// Owns: one run of the daemon. The socket, its directory and the store of sequence numbers are the process's.
class BrokerInProcess {
  public:
    BrokerInProcess(const DaemonConfig& config, const std::vector<StreamConfig>& streams);
    // Everything that the daemon made is gone afterwards.
    ~BrokerInProcess();
    BrokerInProcess(const BrokerInProcess&) = delete;
    BrokerInProcess& operator=(const BrokerInProcess&) = delete;

    static const std::string& socket_path();

    // Runs the loop. `turn` is called whenever nothing is left for the daemon to do, until it returns false.
    void run(std::function<bool()> turn);

    Broker& operator*() { return *broker_; }
    Broker* operator->() { return &*broker_; }
    // Sessions that wait for the verdict on a reload.
    std::vector<uint64_t>& waiting() { return waiting_; }

  private:
    EventLoop loop_;
    DaemonContext context_;
    std::vector<uint64_t> waiting_;
    std::optional<Broker> broker_;
    std::function<bool()> turn_;
};

}  // namespace camtap::fuzz
