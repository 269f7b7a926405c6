// A source that its supervisor can't end: installed set-user-id, it becomes root, and whoever started it may
// not kill it. Ends when it is hung up on, or when root kills it.
#include <poll.h>
#include <unistd.h>

int main() {
    constexpr int kConnection = 3;
    if (setresuid(0, 0, 0) != 0) return 1;
    if (write(kConnection, "x", 1) != 1) return 2;
    pollfd hang_up{kConnection, 0, 0};
    while (poll(&hang_up, 1, -1) != 1) {
    }
    return 0;
}
