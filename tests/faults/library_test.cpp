// Promise: whatever call of libcamtap's fails, its program is told so in words, can try again, and has
// nothing left behind; and no other program notices.
#include "campaign.h"
#include "frames.h"

namespace camtap::faults {
namespace {

constexpr const char* kConfig = R"(
[daemon]
max_requests_per_second = 100000
[[stream]]
name = "out"
source = "publisher"
[[stream]]
name = "beside"
source = "publisher"
)";

class LibraryLife {
  public:
    LibraryLife() : beside_(attempts_, daemon_.socket_path(), "beside") {
        beside_.open();
        beside_.publish(16);
        beside_.next();
        descriptors_ = descriptors_of(daemon_.pid()) + 1;  // the last segment of "out" stays
    }
    Outcome operator()(BoardFile& file) {
        const std::string output = daemon_.directory().file("life");
        std::filesystem::remove(output);
        std::vector<std::string> environment = file.environment();
        environment.push_back("GLIBC_TUNABLES=glibc.malloc.tcache_count=0");
        test::Child child({FAULTS_LIBRARY_LIFE, daemon_.socket_path()}, environment, output);
        const std::optional<int> status = end_of(child);
        const std::string words = text_of(output);
        if (!status) return {Outcome::Kind::wrong, "it hangs\n" + words};
        if (*status < 0)
            return {Outcome::Kind::wrong, "killed by signal " + std::to_string(-*status) + "\n" + words};
        if (*status > 0) return {Outcome::Kind::wrong, words};
        if (const std::string harm = harm_to_others(); !harm.empty()) return {Outcome::Kind::wrong, harm};
        const bool refused = words.find(": ") != std::string::npos;
        return {refused ? Outcome::Kind::refused : Outcome::Kind::undisturbed, words};
    }

  private:
    std::string harm_to_others() {
        beside_.publish(16);
        beside_.next();
        if (!attempts_.fault().empty() || attempts_.victims() > 0) return attempts_.fault() + attempts_.log();
        if (beside_.missed() > 0) return "the tap beside it missed a frame";
        if (!test::eventually([&] { return descriptors_of(daemon_.pid()) == descriptors_; }))
            return "the daemon keeps descriptors of a client that is gone";
        return {};
    }

    test::DaemonProcess daemon_{kConfig};
    Attempts attempts_;
    Pair beside_;
    size_t descriptors_ = 0;
};

TEST(Faults, InTheLibraryAreToldInWordsAndWorkTheNextTime) {
    LibraryLife life;
    Campaign("library", std::ref(life)).run();
}

}  // namespace
}  // namespace camtap::faults
