// What the obstacle detector is asked to do.
#pragma once

#include <string>

struct Options {
    std::string stream;
    std::string publish;         // stream for the annotated pictures; empty: none
    std::string save_directory;  // for one annotated JPEG a second; empty: none
    unsigned long frames = 0;    // 0: until told to stop
    bool quiet = false;          // no JSON
};
