// Runs a program as a user would at a shell, and has its exit status and what it said.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "daemon_process.h"

namespace camtap::test {

inline std::string contents(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

inline std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) all.push_back(line);
    return all;
}

// Owns: the process. Its stdout and stderr go to files of their own.
class Running {
  public:
    Running(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {}) {
        std::vector<std::string> shell = {"/bin/sh", "-c",
                                          "exec \"$@\" >\"$CAMTAP_TEST_OUT\" 2>\"$CAMTAP_TEST_ERR\"", "sh",
                                          "/usr/bin/env"};
        shell.insert(shell.end(), environment.begin(), environment.end());  // whatever the tester's own says
        shell.insert(shell.end(), arguments.begin(), arguments.end());
        const std::vector<std::string> files = {"CAMTAP_TEST_OUT=" + directory_.file("out"),
                                                "CAMTAP_TEST_ERR=" + directory_.file("err")};
        child_ = Child(shell, files, directory_.file("shell"));
    }
    std::string out() const { return contents(directory_.file("out")); }
    std::string err() const { return contents(directory_.file("err")); }
    void kill(int signal) const { child_.kill(signal); }
    int wait() { return child_.wait(); }

  private:
    TemporaryDirectory directory_;
    Child child_;
};

struct Ran {
    int status = -1;
    std::string out;
    std::string err;
};

inline Ran run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {}) {
    Running running(arguments, environment);
    const int status = running.wait();
    return {status, running.out(), running.err()};
}

}  // namespace camtap::test
