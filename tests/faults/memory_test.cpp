// Promise: a daemon that really has no memory left refuses new clients in words, goes on serving those that
// it has, and takes new ones again as soon as there is memory.
#include <sys/resource.h>

#include "frames.h"
#include "tests/system/daemon_process.h"
#include "tests/system/raw_client.h"

namespace camtap::faults {
namespace {

constexpr const char* kConfig = R"(
[daemon]
max_connections = 20000
max_connections_per_user = 20000
[[stream]]
name = "beside"
source = "publisher"
)";

void limit_address_space(const test::DaemonProcess& daemon, rlim_t bytes) {
    rlimit limit{};
    ASSERT_EQ(prlimit(daemon.pid(), RLIMIT_AS, nullptr, &limit), 0);
    limit.rlim_cur = bytes;
    ASSERT_EQ(prlimit(daemon.pid(), RLIMIT_AS, &limit, nullptr), 0);
}

rlim_t address_space(const test::DaemonProcess& daemon) {
    rlim_t pages = 0;
    std::ifstream("/proc/" + std::to_string(daemon.pid()) + "/statm") >> pages;
    return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

// Each client takes one.
void raise_own_descriptor_limit() {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

// Whether the daemon takes another client; if not, its words.
bool is_welcome(test::RawClient& client, std::string& words) {
    client.send(test::RawClient::hello(wire::Role::control));
    const Datagram& answer = client.next();
    wire::Refused refused{};
    if (answer.as(refused)) words = refused.message.view();
    wire::Welcome welcome{};
    return answer.as(welcome);
}

TEST(OutOfMemory, NewClientsAreRefusedInWordsAndTheOthersDontNotice) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's own allocator ends the program when memory runs out";
#endif
    raise_own_descriptor_limit();
    const test::DaemonProcess daemon(kConfig);
    Attempts attempts;
    Pair beside(attempts, daemon.socket_path(), "beside");
    beside.open();
    beside.publish(16);
    beside.next();
    limit_address_space(daemon, address_space(daemon));
    std::vector<test::RawClient> clients;
    std::string words;
    do {
        ASSERT_LT(clients.size(), 15'000u) << "memory doesn't run out";
        clients.emplace_back(daemon.socket_path());
    } while (is_welcome(clients.back(), words));
    EXPECT_EQ(words, "camtapd is out of memory") << "client number " << clients.size();
    for (int i = 0; i < 20; ++i) {
        beside.publish(16);
        beside.next();
        test::RawClient another(daemon.socket_path());
        EXPECT_FALSE(is_welcome(another, words));
    }
    limit_address_space(daemon, RLIM_INFINITY);
    EXPECT_TRUE(test::eventually([&] {
        test::RawClient another(daemon.socket_path());
        return is_welcome(another, words);
    }));
    beside.publish(16);
    beside.next();
    EXPECT_EQ(attempts.fault() + attempts.log(), "");
    EXPECT_EQ(beside.missed(), 0u);
}

}  // namespace
}  // namespace camtap::faults
