// The questions that the bench asks, one file for each.
#pragma once

#include <string>
#include <vector>

#include "cores.h"
#include "figures.h"
#include "peers.h"
#include "report.h"
#include "work.h"

namespace camtap::bench {

// How much of everything. The whole takes about half an hour.
struct Extent {
    std::vector<FrameSize> sizes{kVga, kFullHd, kUhd};
    std::vector<uint32_t> readers{1, 2, 4, 8};
    std::vector<uint32_t> few_readers{1, 4, 8};
    std::vector<Placement> placements{Placement::across, Placement::together, Placement::free};
    bool crashes_of_all = true;  // or camtap's alone
    size_t repetitions = 7;
    size_t frames = 25;             // in one repetition, of paced frames
    double flat_out_seconds = 0.3;  // in one repetition
    double silence_seconds = 10;    // how long silence is listened to
    double decoding_seconds = 4;
    size_t decoding_repetitions = 3;
    size_t by_size_repetitions = 41;  // the ratios asked for are small

    static Extent quick();
};

struct Bench {
    Bench(bool all_peers, const std::string& report_path) : peers(all_peers), report(report_path) {}

    const Peers peers;
    const Cores cores;
    Extent extent;
    uint32_t stock = 3;  // slots that camtap's publisher holds at once, where nothing is flat out
    Figures figures;
    Report report;
    std::vector<std::string> notes;  // on what went wrong

    void note(const std::string& text) {
        Report::progress(text);
        notes.push_back(text);
    }
};

inline constexpr double kPaceHertz = 200;
inline constexpr double kPaceHertzUhd = 60;  // with one copy of each frame
inline constexpr uint32_t kStockFlatOut = 32;

void measure_floors(Bench& bench);    // memcpy, and a wake that wakes nobody
void measure_latency(Bench& bench);   // source → pointer and publish → pointer, paced; and their CPU time
void measure_filled(Bench& bench);    // the same where the camera fills the slot, beside the bare futex
void measure_by_size(Bench& bench);   // whether that depends on the size of a frame, sizes by turns
void measure_copies(Bench& bench);    // readers that copy out
void measure_flat_out(Bench& bench);  // frames a second
void measure_idle(Bench& bench);      // CPU time at 30 Hz and when silent; memory; publishing to nobody
void measure_attach(Bench& bench);    // from attaching to the first frame
void measure_crashes(Bench& bench);   // what one program's misfortune does to the others
void measure_isolation(Bench& bench);  // how much of it camtap's publisher and taps feel
void measure_backing(Bench& bench);    // camtap's memory, against the slots in use
void measure_decoding(Bench& bench);   // many programs on one video: decoding once, or each for itself

// Rows are lanes, columns sizes and readers, cells medians.
void print_matrix(Bench& bench, const std::string& title, const std::string& what, const Work& work,
                  const std::vector<uint32_t>& readers);

}  // namespace camtap::bench
