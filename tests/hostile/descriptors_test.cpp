// Promise: descriptors that a client sends unasked are closed, as many as there may be and at any stage, and
// nobody waits for it, whatever they are.
#include <netinet/in.h>

#include "stage.h"

namespace camtap::test {
namespace {

constexpr int kMostDescriptors = 253;  // SCM_MAX_FD

// False: the kernel or the daemon won't have them.
bool send_descriptors(RawClient& client, const void* data, size_t bytes, const std::vector<int>& fds) {
    std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
    iovec part{const_cast<void*>(data), bytes};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(head), fds.data(), fds.size() * sizeof(int));
    return sendmsg(client.fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

template <class Message>
bool send_descriptors(RawClient& client, const Message& message, const std::vector<int>& fds) {
    return send_descriptors(client, &message, sizeof message, fds);
}

struct WithTestLane : Stage {
    void SetUp() override {
        Stage::SetUp();
        open_test_lane();
    }
    std::string path() const { return daemon.socket_path(); }
};

struct Unasked : WithTestLane {
    // Whatever becomes of the session, the descriptors are closed: the pipe's other end hears of it.
    void expect_closed(const std::function<void(const std::vector<int>& fds)>& send) {
        for (const int count : {1, 4, kMostDescriptors}) {
            play([&](Forked::Child&) {
                int ends[2];
                EXPECT_EQ(pipe(ends), 0);
                send(std::vector<int>(static_cast<size_t>(count), ends[1]));
                close(ends[1]);
                char c;
                EXPECT_EQ(read(ends[0], &c, 1), 0) << "nobody has the other end any more";
                return 0;
            });
        }
    }
};

TEST_F(Unasked, WithTheFirstWord) {
    expect_closed([this](const auto& fds) {
        for (const auto role : {wire::Role::tap, wire::Role::publisher, wire::Role::control}) {
            RawClient client(path());
            (void)send_descriptors(client, RawClient::hello(role, "test", 1), fds);
        }
        RawClient garbage(path());
        (void)send_descriptors(garbage, "x", 1, fds);
    });
}

// One may hang on until the deadline.
TEST_F(Unasked, FromATapThatStays) {
    RawTap tap(path());
    const Footprint before = Footprint::of(daemon.pid());
    const std::vector<int> fds(kMostDescriptors, tap.page_fd.get());
    for (int i = 0; i < 50; ++i) (void)send_descriptors(tap, wire::make<wire::Arm>(), fds);
    EXPECT_TRUE(eventually([&] { return Footprint::of(daemon.pid()).descriptors <= before.descriptors; }));
    paced(20);
}

TEST_F(Unasked, FromATap) {
    expect_closed([this](const auto& fds) {
        RawTap tap(path());
        for (int i = 0; i < 20; ++i) (void)send_descriptors(tap, wire::make<wire::Sync>(), fds);
        (void)send_descriptors(tap, "x", 1, fds);
    });
}

TEST_F(Unasked, FromAControlClient) {
    expect_closed([this](const auto& fds) {
        RawClient client(path());
        client.send(RawClient::hello(wire::Role::control));
        for (int i = 0; i < 20; ++i) (void)send_descriptors(client, wire::make<wire::ListStreams>(), fds);
    });
}

TEST_F(Unasked, ItsOwnSocketAndItsOwnPage) {
    play([this](Forked::Child&) {
        RawTap tap(path());
        for (int i = 0; i < 20; ++i) {
            (void)send_descriptors(tap, wire::make<wire::Sync>(), {tap.fd(), tap.page_fd.get()});
        }
        return 0;
    });
}

// Closing the last descriptor of such a socket takes as long as its owner likes, or until somebody reads.
class SlowToClose {
  public:
    SlowToClose() {
        const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t bytes = sizeof address;
        const auto* at = reinterpret_cast<const sockaddr*>(&address);
        EXPECT_EQ(bind(listener.get(), at, bytes), 0);
        EXPECT_EQ(listen(listener.get(), 1), 0);
        EXPECT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &bytes), 0);
        reader_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(connect(reader_.get(), at, bytes), 0);
        slow_.reset(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        const std::string text(1 << 16, 'x');
        while (write(slow_.get(), text.data(), text.size()) > 0) {
        }
        const linger for_a_minute{1, 60};
        EXPECT_EQ(setsockopt(slow_.get(), SOL_SOCKET, SO_LINGER, &for_a_minute, sizeof for_a_minute), 0);
    }
    int fd() const { return slow_.get(); }
    // If it was sent, that one is the last one from now on.
    void give_away(bool sent) {
        const linger not_a_moment{0, 0};
        if (!sent) setsockopt(slow_.get(), SOL_SOCKET, SO_LINGER, &not_a_moment, sizeof not_a_moment);
        slow_.reset();
    }

  private:
    UniqueFd reader_;  // never reads
    UniqueFd slow_;
};

// The daemon isn't kept from its work by what it closes.
struct SlowDescriptors : WithTestLane {
    void SetUp() override {
        constexpr int kPassRights = 83;  // SO_PASSRIGHTS
        int value = 0;
        socklen_t bytes = sizeof value;
        const UniqueFd socket_of_ours(socket(AF_UNIX, SOCK_SEQPACKET, 0));
        if (getsockopt(socket_of_ours.get(), SOL_SOCKET, kPassRights, &value, &bytes) != 0) {
            GTEST_SKIP() << "this kernel can't refuse descriptors (Linux 6.16 can), and who gets them waits";
        }
        WithTestLane::SetUp();
    }
    using Send = std::function<bool(RawClient&, const std::vector<int>&)>;
    void expect_no_wait(const Send& send) {
        withstand({[this, send](Forked::Child& child) -> int {
            SlowToClose sockets[3];
            std::vector<std::unique_ptr<RawClient>> clients;
            for (SlowToClose& socket : sockets) {
                clients.push_back(std::make_unique<RawClient>(path()));
                socket.give_away(send(*clients.back(), {socket.fd()}));
            }
            child.say();
            for (;;) pause();
        }});
    }
};

TEST_F(SlowDescriptors, WithTheFirstWord) {
    expect_no_wait([](RawClient& client, const auto& fds) {
        return send_descriptors(client, RawClient::hello(wire::Role::control), fds);
    });
}

TEST_F(SlowDescriptors, InMessagesThatAreNeverLookedAt) {
    expect_no_wait([](RawClient& client, const auto& fds) {
        client.send_raw("garbage");  // ends the session
        return send_descriptors(client, RawClient::hello(wire::Role::control), fds);
    });
}

TEST_F(SlowDescriptors, BehindMoreThanAnybodyReceives) {
    expect_no_wait([](RawClient& client, const auto& fds) {
        std::vector<int> many(kMostDescriptors, client.fd());
        many.back() = fds[0];
        return send_descriptors(client, RawClient::hello(wire::Role::control), many);
    });
}

TEST_F(SlowDescriptors, FromAClientThatHangsUpAtOnce) {
    expect_no_wait([](RawClient& client, const auto& fds) {
        const bool sent = send_descriptors(client, RawClient::hello(wire::Role::control), fds);
        client.hang_up();
        return sent;
    });
}

}  // namespace
}  // namespace camtap::test
