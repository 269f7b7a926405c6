// Runs a fuzzer's target over files that are there already, instead of inventing new ones: how compilers
// without libFuzzer, and every ordinary `make test`, see to it that what was found once stays mended.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes);

namespace fs = std::filesystem;

static std::vector<fs::path> files_in(const fs::path& place) {
    std::vector<fs::path> files;
    if (!fs::is_directory(place)) return {place};
    for (const auto& entry : fs::directory_iterator(place)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

// Arguments: files, and directories of files. Prints each name first, so that the last one printed is the
// culprit.
int main(int argc, char** argv) {
    size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        if (!fs::exists(argv[i])) continue;  // nothing was ever found there
        for (const fs::path& file : files_in(argv[i])) {
            std::printf("%s\n", file.c_str());
            std::fflush(stdout);
            std::ifstream stream(file, std::ios::binary);
            const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
            LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
            ++count;
        }
    }
    std::printf("%zu inputs, nothing found\n", count);
    return count > 0 ? 0 : 1;
}
