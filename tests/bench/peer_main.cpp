// A program of a peer: its daemon, a writer or a reader, as the bench tells it over a socket. Nothing for
// people.
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "common/clock.h"
#include "control.h"
#include "reading.h"
#include "writing.h"

namespace camtap::bench {
namespace {

Board& map_board() {
    void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, kBoardFd, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("the bench's board can't be mapped");
    return *static_cast<Board*>(memory);
}

void become(uint32_t user) {
    if (user == Assignment::kStay) return;
    if (setgroups(0, nullptr) != 0 || setgid(user) != 0 || setuid(user) != 0)
        throw std::runtime_error("can't become another user");
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // which that took back
}

void write_on_order(const Assignment& assignment, Board& board) {
    const std::unique_ptr<Sender> sender = open_sender(assignment);
    Writer writer(assignment, board, *sender);
    send_message(kControlFd, Account{});  // ready
    Order order;
    while (receive_message(kControlFd, order)) send_message(kControlFd, writer.carry_out(order));
}

void read(const Assignment& assignment, Board& board) {
    Sheet& sheet = board.sheets[assignment.sheet];
    try {
        become(assignment.user);
        const int64_t start = monotonic_ns();
        const std::unique_ptr<Receiver> receiver = open_receiver(assignment);
        send_message(kControlFd, Account{});  // ready
        read_frames(assignment, *receiver, sheet, start);
    } catch (...) {
        sheet.failed.store(1);
        throw;
    }
    sheet.failed.store(1);
}

void run() {
    Assignment assignment;
    if (!receive_message(kControlFd, assignment)) return;
    Cores().place(0, assignment.work.placement, assignment.seat);
    switch (assignment.role) {
        case Role::daemon:
            become_daemon(assignment);
            throw std::runtime_error("the peer's daemon can't be started");
        case Role::writer:
            return write_on_order(assignment, map_board());
        case Role::reader:
            return read(assignment, map_board());
    }
}

}  // namespace
}  // namespace camtap::bench

int main() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);  // a reader that dies is nothing that a writer should die of
    try {
        camtap::bench::run();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
    return 0;
}
