// The tables, one function and one file for each question.
#pragma once

#include "../system/daemon_fixture.h"
#include "cores.h"

namespace camtap::bench {

struct Bench {
    const test::Daemon& daemon;
    Cores cores{};
    uint32_t stock = 3;  // slots that a publisher holds at once, where nothing is flat out
    size_t repetitions = 11;
    size_t frames = 60;           // in one repetition, of paced frames
    double silence_seconds = 10;  // how long silence is listened to
    double flat_out_seconds = 0.3;

    void shorten() {
        repetitions = 3;
        frames = 20;
        silence_seconds = 2;
        flat_out_seconds = 0.1;
    }
    void place_publisher(Placement placement) const {
        cores.place(0, placement, 0);
        cores.place(daemon.pid(), placement, 0);
    }
};

inline constexpr double kPaceHertz = 200;

void measure_latency(const Bench& bench);    // publish → pointer, against the bare futex
void measure_cpu(const Bench& bench);        // of tap, publisher and daemon for each frame
void measure_silence(const Bench& bench);    // of all of them when there are no frames
void measure_isolation(const Bench& bench);  // what a bad tap does to the others
void measure_memory(const Bench& bench);     // backed, against in use
void measure_flat_out(const Bench& bench);   // frames a second without a pause

}  // namespace camtap::bench
