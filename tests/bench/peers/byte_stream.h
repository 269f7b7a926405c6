// Frames over a connected socket to each reader, whole and one after the other.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "../pace.h"
#include "../peer.h"
#include "common/clock.h"
#include "common/unique_fd.h"

namespace camtap::bench {

class StreamSender : public Sender {
  public:
    StreamSender(UniqueFd listener, size_t bytes) : listener_(std::move(listener)), frame_(bytes) {
        fcntl(listener_.get(), F_SETFL, O_NONBLOCK);
    }
    std::byte* acquire() override { return frame_.data(); }
    bool copies() const override { return true; }
    void publish() override {
        for (int fd = 0; (fd = accept(listener_.get(), nullptr, nullptr)) >= 0;) readers_.emplace_back(fd);
        std::erase_if(readers_, [this](const UniqueFd& reader) { return !send_all(reader.get()); });
    }

  private:
    bool send_all(int fd) const {
        for (size_t done = 0; done < frame_.size();) {
            const ssize_t n = send(fd, frame_.data() + done, frame_.size() - done, MSG_NOSIGNAL);
            if (n <= 0) return false;
            done += static_cast<size_t>(n);
        }
        return true;
    }

    UniqueFd listener_;
    std::vector<std::byte> frame_;
    std::vector<UniqueFd> readers_;
};

class StreamReceiver : public Receiver {
  public:
    StreamReceiver(UniqueFd socket, size_t bytes) : socket_(std::move(socket)), frame_(bytes) {}
    const std::byte* next() override {
        const ssize_t n = recv(socket_.get(), frame_.data(), frame_.size(), MSG_WAITALL);
        return n == static_cast<ssize_t>(frame_.size()) ? frame_.data() : nullptr;
    }
    void release() override {}
    bool copies() const override { return true; }

  private:
    UniqueFd socket_;
    std::vector<std::byte> frame_;
};

// Until the writer is there, within reason.
inline UniqueFd connect_to(int domain, const sockaddr* address, socklen_t length) {
    for (int i = 0; i < 5000; ++i) {
        UniqueFd socket(::socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (connect(socket.get(), address, length) == 0) return socket;
        sleep_for(kNsPerMs);
    }
    throw std::runtime_error("nobody listens");
}

inline UniqueFd listen_at(int domain, const sockaddr* address, socklen_t length) {
    UniqueFd socket(::socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (bind(socket.get(), address, length) != 0 || listen(socket.get(), 64) != 0)
        throw std::runtime_error("can't listen");
    return socket;
}

}  // namespace camtap::bench
