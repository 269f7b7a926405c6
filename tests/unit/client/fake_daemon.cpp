#include "tests/unit/client/fake_daemon.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace camtap::test {

FakeDaemon::FakeDaemon(uint64_t instance) {
    char folder[] = "/tmp/camtap-fake-XXXXXX";
    CAMTAP_CHECK(mkdtemp(folder) != nullptr);
    folder_ = folder;
    path_ = folder_ + "/camtap.sock";
    start(instance);
}

FakeDaemon::~FakeDaemon() {
    stop();
    rmdir(folder_.c_str());
}

void FakeDaemon::start(uint64_t instance) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size());
    listener_.reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    CAMTAP_CHECK(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    CAMTAP_CHECK(listen(listener_.get(), 64) == 0);
    interrupt_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    instance_ = instance;
    stopping_ = false;
    thread_ = std::thread([this] { serve(); });
}

void FakeDaemon::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        interrupt();
    }
    thread_.join();
    clients_.clear();
    newest_.reset();
    closed_.clear();
    seat_changes_.clear();
    listener_.reset();
    unlink(path_.c_str());
}

void FakeDaemon::interrupt() {
    const uint64_t one = 1;
    CAMTAP_CHECK(write(interrupt_.get(), &one, sizeof one) == sizeof one);
}

void FakeDaemon::serve() {
    const auto datagram = std::make_unique<Datagram>();
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        std::vector<pollfd> entries{{listener_.get(), POLLIN, 0}, {interrupt_.get(), POLLIN, 0}};
        const short heard = listens_ ? POLLIN : 0;
        for (const auto& client : clients_) entries.push_back({client->socket.get(), heard, 0});
        lock.unlock();
        poll(entries.data(), entries.size(), -1);
        lock.lock();
        uint64_t ignored = 0;
        (void)!read(interrupt_.get(), &ignored, sizeof ignored);
        const int accepted = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (accepted >= 0) {
            clients_.push_back(std::make_unique<Client>());
            clients_.back()->socket.reset(accepted);
        }
        for (const auto& client : clients_) {
            while (client->socket && listens_) {
                receive(client->socket.get(), *datagram);
                if (datagram->kind == Datagram::Kind::nothing_yet) break;
                if (datagram->kind == Datagram::Kind::message) {
                    take(*client, *datagram);
                } else {
                    client->socket.reset();
                }
            }
        }
        std::erase_if(clients_, [](const auto& client) { return !client->socket; });
        changed_.notify_all();
    }
}

void FakeDaemon::take(Client& client, Datagram& datagram) {
    ++received_[datagram.type()];
    changed_.notify_all();
    switch (datagram.type()) {
        case wire::Type::hello:
            return greet(client, datagram);
        case wire::Type::sync:
            return answer_sync(client, datagram);
        case wire::Type::arm: {
            wire::Arm arm{};
            CAMTAP_CHECK(datagram.as(arm));
            client.nudged = false;
            client.armed = arm;
            const bool news = newest_ && (newest_->generation() != arm.generation ||
                                          newest_->header().head.load() > arm.sequence);
            if (news) nudge(client);
            return;
        }
        case wire::Type::need:
            return answer_need(client, datagram);
        case wire::Type::ask:
            return answer_ask(client, datagram);
        default:
            return;
    }
}

void FakeDaemon::greet(Client& client, const Datagram& datagram) {
    wire::Hello hello{};
    CAMTAP_CHECK(datagram.as(hello));
    client.role = hello.role;
    client.stock = hello.stock;
    if (refuse_hello_) {
        send_message(client.socket.get(), *refuse_hello_);
        client.socket.reset();
        return;
    }
    client.greeted = true;
    auto welcome = wire::make<wire::Welcome>();
    welcome.instance = instance_;
    welcome.major = wire::kMajor;
    welcome.max_pins = max_pins;
    welcome.max_frame_bytes = max_frame_bytes;
    if (hello.role == wire::Role::tap) client.page = std::move(*create_memfd("fake-page", layout::kPage));
    send_message(client.socket.get(), welcome, client.page.get());
}

void FakeDaemon::answer_sync(Client& client, const Datagram& datagram) {
    wire::Sync sync{};
    CAMTAP_CHECK(datagram.as(sync));
    client.nudged = false;
    auto synced = wire::make<wire::Synced>();
    synced.state = state_;
    synced.reason.set(reason_);
    synced.previous_last = wire::kStillOpen;
    if (const auto closed = closed_.find(sync.generation); closed != closed_.end()) {
        synced.previous_last = closed->second;
    }
    int fd = -1;
    if (newest_) {
        synced.generation = newest_->generation();
        synced.geometry = wire::fields(newest_->geometry());
        synced.first = newest_->first();
        if (newest_->generation() != sync.generation) fd = newest_->fd();
    }
    if (spoil_synced_) spoil_synced_(synced);
    send_message(client.socket.get(), synced, fd);
}

void FakeDaemon::nudge(Client& client) {
    if (client.role != wire::Role::tap || !client.greeted || client.nudged) return;
    client.nudged = true;
    client.armed.reset();
    send_message(client.socket.get(), wire::make<wire::Nudge>());
}

std::shared_ptr<FakeSegment> FakeDaemon::begin_generation(uint32_t number, uint64_t first) {
    const std::lock_guard lock(mutex_);
    auto segment = std::make_shared<FakeSegment>(number, first);
    const std::shared_ptr<FakeSegment> before = std::exchange(newest_, segment);
    if (before) {
        closed_[before->generation()] = before->last();
        segment->counters = before->counters;
        before->header().superseded.store(1);
        before->wake();
    }
    segment->header().changes.fetch_add(1);
    for (const auto& client : clients_) nudge(*client);
    return segment;
}

void FakeDaemon::set_state(wire::StreamState state, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    state_ = state;
    reason_ = reason;
    if (newest_) {
        newest_->header().changes.fetch_add(1);
        newest_->wake();
    }
    for (const auto& client : clients_) nudge(*client);
}

void FakeDaemon::refuse_all(int32_t code, const std::string& message) {
    const std::lock_guard lock(mutex_);
    refuse_hello_ = wire::make<wire::Refused>();
    refuse_hello_->code = code;
    refuse_hello_->message.set(message);
}

void FakeDaemon::take_all() {
    const std::lock_guard lock(mutex_);
    refuse_hello_.reset();
    refuse_need_.reset();
}

void FakeDaemon::refuse_needs(int32_t code, const std::string& message) {
    const std::lock_guard lock(mutex_);
    refuse_need_ = wire::make<wire::Refused>();
    refuse_need_->code = code;
    refuse_need_->message.set(message);
}

void FakeDaemon::dismiss_all(int32_t code, const std::string& message) {
    auto dismissed = wire::make<wire::Dismissed>();
    dismissed.code = code;
    dismissed.message.set(message);
    send_all(&dismissed, sizeof dismissed);
}

void FakeDaemon::send_all(const void* data, size_t bytes, int fd) {
    const std::lock_guard lock(mutex_);
    for (const auto& client : clients_) {
        if (client->greeted) send_bytes(client->socket.get(), data, bytes, fd);
    }
}

void FakeDaemon::spoil_synced(std::function<void(wire::Synced&)> spoil) {
    const std::lock_guard lock(mutex_);
    spoil_synced_ = std::move(spoil);
}

void FakeDaemon::hang_up_all() {
    const std::lock_guard lock(mutex_);
    for (const auto& client : clients_) shutdown(client->socket.get(), SHUT_RDWR);
}

size_t FakeDaemon::pinned() {
    const std::lock_guard lock(mutex_);
    size_t count = 0;
    for (const auto& client : clients_) {
        if (!client->page) continue;
        layout::Word64 pins[layout::kMaxPinWords];
        CAMTAP_CHECK(pread(client->page.get(), pins, sizeof pins, offsetof(layout::PinPage, pins)) ==
                     sizeof pins);
        for (const layout::Word64& pin : pins) count += pin.load() != 0 ? 1 : 0;
    }
    return count;
}

uint64_t FakeDaemon::count(wire::Type type) {
    const std::lock_guard lock(mutex_);
    return received_[type];
}

void FakeDaemon::wait_for(wire::Type type, uint64_t count) {
    std::unique_lock lock(mutex_);
    const bool came =
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return received_[type] >= count; });
    EXPECT_TRUE(came) << "nobody said it " << count << " times";
}

void FakeDaemon::wait_for_clients(size_t count) {
    std::unique_lock lock(mutex_);
    const bool so_many =
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return clients_.size() == count; });
    EXPECT_TRUE(so_many) << clients_.size() << " are connected";
}

// ---- publishers ----

void FakeDaemon::answer_need(Client& client, const Datagram& datagram) {
    wire::Need need{};
    CAMTAP_CHECK(datagram.as(need));
    needs_.push_back(need.frame_bytes);
    if (refuse_need_) {
        send_message(client.socket.get(), *refuse_need_);
        return;
    }
    take_in_published();
    const auto geometry = layout::Geometry::of(slot_count, slot_count, need.frame_bytes);
    if (memory_folder < 0) {
        publisher_memory_ = std::move(*create_memfd("fake-segment", geometry.segment_bytes()));
    } else {
        publisher_memory_.reset(
            openat(memory_folder, "segment", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        CAMTAP_CHECK(ftruncate(publisher_memory_.get(), static_cast<off_t>(geometry.segment_bytes())) == 0);
    }
    layout::Counters counters = publisher_counters_;
    if (publisher_mapping_) {
        const layout::SegmentHeader& header = layout::SegmentView{publisher_mapping_->data(), {}}.header();
        counters = {header.captured, header.source_gap, header.decode_error, header.no_slot};
    }
    publisher_mapping_ = std::make_shared<Mapping>(std::move(
        *Mapping::map(publisher_memory_.get(), geometry.segment_bytes(), Mapping::Access::read_write)));
    publisher_segment_ = wire::make<wire::Segment>();
    publisher_segment_.generation = ++last_generation_;
    publisher_segment_.depth = FakeSegment::kDepth;
    publisher_segment_.geometry = wire::fields(geometry);
    publisher_segment_.first = next_sequence_;
    publisher_segment_.through = next_sequence_ - 1 + numbers_ahead;
    publisher_segment_.counters = counters;
    layout::SegmentView{publisher_mapping_->data(), geometry}.header().head.store(next_sequence_ - 1);
    layout::SegmentView{publisher_mapping_->data(), geometry}.header().seating.store(seat_changes_.size());
    accepted_ = next_sequence_ - 1;
    send_message(client.socket.get(), publisher_segment_, publisher_memory_.get());
}

void FakeDaemon::take_in_published() {
    if (!publisher_mapping_) return;
    accepted_ = layout::SegmentView{publisher_mapping_->data(), {}}.header().head.load();
    next_sequence_ = accepted_ + 1;
}

void FakeDaemon::answer_ask(Client& client, const Datagram& datagram) {
    wire::Ask ask{};
    CAMTAP_CHECK(datagram.as(ask) && ask.generation == publisher_segment_.generation);
    take_in_published();
    auto answer = wire::make<wire::Seat>();
    answer.generation = ask.generation;
    answer.newest = seat_changes_.size();
    answer.seating = ask.seating;
    answer.through = accepted_ + numbers_ahead;
    int fd = -1;
    if (ask.seating < seat_changes_.size()) {
        const SeatChange& change = seat_changes_[ask.seating];
        answer.seating = ask.seating + 1;
        answer.seat = change.seat;
        answer.words = change.page != nullptr ? max_pins : 0;
        if (change.page != nullptr) fd = change.page->get();
    }
    if (answer_seat_ && !answer_seat_(answer)) return;
    if (flood_) change_seat(*flood_);
    send_message(client.socket.get(), answer, fd);
}

void FakeDaemon::answer_seats(std::function<bool(wire::Seat&)> answer) {
    const std::lock_guard lock(mutex_);
    answer_seat_ = std::move(answer);
}

void FakeDaemon::listen_to_clients(bool listen) {
    listens_ = listen;
    interrupt();
}

FakeDaemon::SeatChange FakeDaemon::make_seat_change(uint32_t seat, const UniqueFd* page) {
    if (page == nullptr) return {seat, nullptr};
    return {seat, std::make_shared<const UniqueFd>(fcntl(page->get(), F_DUPFD_CLOEXEC, 0))};
}

void FakeDaemon::change_seat(uint32_t seat, const UniqueFd* page) {
    const std::lock_guard lock(mutex_);
    change_seat(make_seat_change(seat, page));
}

void FakeDaemon::change_seats_at_each_answer(uint32_t seat, const UniqueFd* page) {
    const std::lock_guard lock(mutex_);
    flood_ = make_seat_change(seat, page);
}

void FakeDaemon::change_seat(const SeatChange& change) {
    seat_changes_.push_back(change);
    if (!publisher_mapping_) return;
    pins::reseat(layout::SegmentView{publisher_mapping_->data(), {}}.header().seating, seat_changes_.size());
}

layout::SegmentView FakeDaemon::publisher_view() {
    const std::lock_guard lock(mutex_);
    return {publisher_mapping_->data(), wire::geometry(publisher_segment_.geometry)};
}

wire::Segment FakeDaemon::publisher_segment() {
    const std::lock_guard lock(mutex_);
    return publisher_segment_;
}

std::vector<uint64_t> FakeDaemon::needs() {
    const std::lock_guard lock(mutex_);
    return needs_;
}

}  // namespace camtap::test
