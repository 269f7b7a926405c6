#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <opencv2/imgcodecs.hpp>

#include "daemon/source/images.h"
#include "tests/unit/source_driver.h"

namespace camtap::source {
namespace {

// A picture in one even colour, so that it can be recognised after JPEG.
std::vector<uint8_t> picture(const std::string& ending, int grey, int width = 32, int height = 24,
                             int type = CV_8UC3) {
    std::vector<uint8_t> file;
    cv::imencode("." + ending, cv::Mat(height, width, type, cv::Scalar::all(grey)), file);
    return file;
}

ImagesOptions options_of(const std::string& path) {
    ImagesOptions options;
    options.path = path;
    return options;
}

int grey_of(Seen& seen) {
    return static_cast<int>(cv::mean(seen.mat())[0] + 0.5);
}

class Images : public testing::Test {
  protected:
    // Opens and runs to its end, or until it waits.
    Driver::Stop show(const ImagesOptions& options, size_t frames = SIZE_MAX) {
        source = std::make_unique<ImagesSource>(options);
        driver = std::make_unique<Driver>(*source);
        const Status opened = source->open();
        if (!opened) {
            driver->failure = opened.error().message;
            return Driver::Stop::failed;
        }
        return driver->run(frames);
    }

    std::vector<int> greys() {
        std::vector<int> all;
        for (Seen& seen : driver->frames) all.push_back(grey_of(seen));
        return all;
    }

    // A good picture on both sides of something bad: the stream goes on, and says what was wrong.
    void expect_lost(const std::string& words) {
        EXPECT_EQ(show(options_of(dir.path())), Driver::Stop::ended);
        EXPECT_EQ(greys(), (std::vector<int>{10, 30}));
        ASSERT_EQ(driver->lost.size(), 1u);
        EXPECT_TRUE(contains(driver->lost[0], words)) << driver->lost[0];
        EXPECT_TRUE(contains(driver->lost[0], "2.")) << driver->lost[0];
    }
    void expect_skipped(const std::string& words) {
        EXPECT_EQ(show(options_of(dir.path())), Driver::Stop::ended);
        EXPECT_EQ(greys(), (std::vector<int>{10, 30}));
        EXPECT_TRUE(driver->lost.empty());
        ASSERT_EQ(driver->skipped.size(), 1u);
        EXPECT_TRUE(contains(driver->skipped[0], words)) << driver->skipped[0];
    }
    void write_neighbours() {
        dir.write("1.png", picture("png", 10));
        dir.write("3.png", picture("png", 30));
    }
    void wait_readable(int fd) {
        pollfd p{fd, POLLIN, 0};
        ASSERT_EQ(poll(&p, 1, -1), 1);
    }

    TemporaryDirectory dir;
    std::unique_ptr<ImagesSource> source;
    std::unique_ptr<Driver> driver;
};

TEST_F(Images, come_in_natural_order_without_a_copy) {
    for (const int i : {10, 9, 1, 2, 100}) dir.write("img" + std::to_string(i) + ".png", picture("png", i));
    EXPECT_EQ(show(options_of(dir.path())), Driver::Stop::ended);
    EXPECT_EQ(greys(), (std::vector<int>{1, 2, 9, 10, 100}));
    for (const Seen& seen : driver->frames) EXPECT_EQ(seen.frame.copies, 0u);
    EXPECT_EQ(driver->larger_asked, 0);
}

TEST_F(Images, every_type_keeps_its_depth_and_channels_without_a_copy) {
    const std::vector<std::pair<std::string, int>> kinds = {
        {"jpg", CV_8UC3},  {"jpg", CV_8UC1},   {"png", CV_8UC4}, {"png", CV_16UC1}, {"png", CV_16UC3},
        {"tiff", CV_8UC3}, {"tiff", CV_32FC1}, {"bmp", CV_8UC3}, {"ppm", CV_8UC3},  {"webp", CV_8UC3}};
    for (size_t i = 0; i < kinds.size(); ++i) {
        dir.write(std::to_string(i) + "." + kinds[i].first,
                  picture(kinds[i].first, 77, 33, 17, kinds[i].second));
    }
    EXPECT_EQ(show(options_of(dir.path())), Driver::Stop::ended);
    ASSERT_EQ(driver->frames.size(), kinds.size());
    for (size_t i = 0; i < kinds.size(); ++i) {
        EXPECT_EQ(driver->frames[i].mat().type(), kinds[i].second) << kinds[i].first;
        EXPECT_EQ(driver->frames[i].frame.copies, 0u) << kinds[i].first;
        EXPECT_NEAR(grey_of(driver->frames[i]), 77, 1) << kinds[i].first;
    }
    EXPECT_EQ(driver->larger_asked, 0);
}

TEST_F(Images, sizes_may_change_from_one_to_the_next) {
    dir.write("1.png", picture("png", 10, 32, 24));
    dir.write("2.png", picture("png", 20, 640, 480));
    dir.write("3.png", picture("png", 30, 1, 1));
    EXPECT_EQ(show(options_of(dir.path())), Driver::Stop::ended);
    EXPECT_EQ(greys(), (std::vector<int>{10, 20, 30}));
    EXPECT_EQ(driver->frames[1].frame.image.width, 640u);
}

TEST_F(Images, a_small_slot_is_asked_to_be_larger_and_the_copy_is_counted) {
    dir.write("1.png", picture("png", 10, 32, 24));
    ImagesSource images(options_of(dir.path()));
    ASSERT_TRUE(images.open());
    const Result<Next> next = images.next(Driver::kBegin);
    ASSERT_TRUE(next);
    ASSERT_EQ(next->kind, Next::Kind::frame);
    std::vector<uint8_t> slot(32 * 24 * 3, 0);
    Frame frame = images.read({slot.data(), 100});
    ASSERT_EQ(frame.kind, Frame::Kind::larger);
    EXPECT_EQ(frame.image.bytes, slot.size());
    frame = images.read({slot.data(), slot.size()});
    ASSERT_EQ(frame.kind, Frame::Kind::whole);
    EXPECT_EQ(frame.copies, 1u);
    EXPECT_EQ(slot, std::vector<uint8_t>(32 * 24 * 3, 10));
}

TEST_F(Images, are_paced_by_fps_and_by_times) {
    for (const int i : {1, 2, 3}) dir.write(std::to_string(i) + ".png", picture("png", i));
    ImagesOptions options = options_of(dir.path());
    options.fps = 4;
    EXPECT_EQ(show(options), Driver::Stop::ended);
    ASSERT_EQ(driver->frames.size(), 3u);
    EXPECT_EQ(driver->frames[0].frame.capture_ns, Driver::kBegin);
    EXPECT_EQ(driver->frames[2].frame.capture_ns, Driver::kBegin + 500'000'000);
    EXPECT_EQ(driver->frames[2].frame.capture_origin, uint32_t{CAMTAP_ORIGIN_FILE});

    options.times = dir.write("times.txt", "# seconds\n100.5\n\n101.0\n103.25\n");
    options.loop = true;
    EXPECT_EQ(show(options, 5), Driver::Stop::enough);
    std::vector<double> seconds;
    for (const Seen& seen : driver->frames) {
        seconds.push_back(static_cast<double>(seen.frame.capture_ns - Driver::kBegin) / 1e9);
    }
    // the last one stays as long as the one before it: 2.25 s
    EXPECT_EQ(seconds, (std::vector<double>{0, 0.5, 2.75, 5, 5.5}));
}

TEST_F(Images, times_must_make_sense) {
    write_neighbours();
    ImagesOptions options = options_of(dir.path());
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"1\n", "1 times for the 2 images"}, {"1\n2\n3\n", "3 times for the 2"}, {"1\nnan\n", "times.txt:2"},
        {"1\n\n1\n", "times.txt:3"},         {"1\n2 3\n", "times.txt:2"},        {"x\n", "times.txt:1"},
        {"0\n1e300\n", "times.txt:2"}};
    for (const auto& [text, words] : faults) {
        options.times = dir.write("times.txt", text);
        EXPECT_EQ(show(options), Driver::Stop::failed);
        EXPECT_TRUE(contains(driver->failure, words)) << driver->failure;
    }
    options.times = dir / "nowhere.txt";
    EXPECT_EQ(show(options), Driver::Stop::failed);
    EXPECT_TRUE(contains(driver->failure, "No such file")) << driver->failure;
}

TEST_F(Images, loop_shows_what_is_there_at_each_round) {
    write_neighbours();
    ImagesOptions options = options_of(dir.path());
    options.loop = true;
    EXPECT_EQ(show(options, 2), Driver::Stop::enough);
    dir.write("2.png", picture("png", 20));
    EXPECT_EQ(driver->run(3), Driver::Stop::enough);
    EXPECT_EQ(greys(), (std::vector<int>{10, 30, 10, 20, 30}));
}

TEST_F(Images, a_glob_chooses_and_a_file_is_one_image) {
    dir.write("a1.png", picture("png", 1));
    dir.write("a2.png", picture("png", 2));
    dir.write("b1.png", picture("png", 3));
    EXPECT_EQ(show(options_of(dir / "a*.png")), Driver::Stop::ended);
    EXPECT_EQ(greys(), (std::vector<int>{1, 2}));
    EXPECT_EQ(show(options_of(dir / "?[1].png")), Driver::Stop::ended);
    EXPECT_EQ(greys(), (std::vector<int>{1, 3}));
    EXPECT_EQ(show(options_of(dir / "b1.png")), Driver::Stop::ended);
    EXPECT_EQ(greys(), (std::vector<int>{3}));
    EXPECT_EQ(show(options_of(dir / "c*.png")), Driver::Stop::failed);
    EXPECT_TRUE(contains(driver->failure, "no images in")) << driver->failure;
    EXPECT_EQ(show(options_of(dir / "*/x.png")), Driver::Stop::failed);
    EXPECT_TRUE(contains(driver->failure, "last part")) << driver->failure;
}

TEST_F(Images, a_missing_or_empty_directory_fails_with_words) {
    EXPECT_EQ(show(options_of(dir / "nowhere")), Driver::Stop::failed);
    EXPECT_TRUE(contains(driver->failure, "nowhere")) << driver->failure;
    EXPECT_TRUE(contains(driver->failure, "No such file")) << driver->failure;
    EXPECT_EQ(show(options_of(dir.path())), Driver::Stop::failed);
    EXPECT_TRUE(contains(driver->failure, "no images in " + dir.path())) << driver->failure;
}

TEST_F(Images, a_directory_emptied_while_it_is_read_fails_with_words) {
    write_neighbours();
    dir.write("5.png", picture("png", 50));
    ImagesOptions options = options_of(dir.path());
    options.loop = true;
    EXPECT_EQ(show(options, 1), Driver::Stop::enough);
    for (const char* name : {"1.png", "3.png", "5.png"}) std::filesystem::remove(dir / name);
    EXPECT_EQ(driver->run(), Driver::Stop::failed);
    EXPECT_EQ(driver->skipped.size(), 2u);
    EXPECT_TRUE(contains(driver->skipped.at(0), "3.png is not there any more")) << driver->skipped[0];
    EXPECT_TRUE(contains(driver->failure, "no images left in")) << driver->failure;
}

TEST_F(Images, truncated) {
    write_neighbours();
    std::vector<uint8_t> file = picture("jpg", 20, 320, 240);
    file.resize(file.size() / 2);
    dir.write("2.jpg", file);
    expect_lost("cut off");
}

TEST_F(Images, of_zero_bytes) {
    write_neighbours();
    dir.write("2.png", std::string());
    expect_lost("is empty");
}

TEST_F(Images, not_an_image) {
    write_neighbours();
    dir.write("2.jpg", std::string("this is text, not a picture\n"));
    expect_lost("is not an image");
}

// A header that our reader believes and OpenCV doesn't: what lay in the slot must not pass for a picture.
TEST_F(Images, damaged_where_only_the_decoder_sees_it) {
    write_neighbours();
    std::vector<uint8_t> file = picture("png", 20);
    file[30] ^= 0x55;  // the checksum of the header
    dir.write("2.png", file);
    expect_lost("can't be decoded");
}

TEST_F(Images, a_header_of_65535_by_65535_is_refused_before_decoding) {
    write_neighbours();
    std::vector<uint8_t> file = picture("png", 20);
    for (const size_t at : {18, 19, 22, 23}) file[at] = 0xff;
    dir.write("2.png", file);
    expect_lost("65535 x 65535 pixels, more than max_pixels");

    file = picture("jpg", 20);
    for (size_t i = 0; i + 9 < file.size(); ++i) {
        if (file[i] == 0xff && file[i + 1] == 0xc0)
            std::fill_n(file.begin() + static_cast<long>(i) + 5, 4, uint8_t{0xff});
    }
    std::filesystem::remove(dir / "2.png");
    dir.write("2.jpg", file);
    expect_lost("65535 x 65535 pixels, more than max_pixels");
}

TEST_F(Images, a_file_larger_than_max_file_bytes_is_not_read) {
    write_neighbours();
    dir.write("2.png", std::vector<uint8_t>(5000, 1));
    ImagesOptions options = options_of(dir.path());
    options.max_file_bytes = 4999;
    EXPECT_EQ(show(options), Driver::Stop::ended);
    EXPECT_EQ(greys(), (std::vector<int>{10, 30}));
    ASSERT_EQ(driver->skipped.size(), 1u);
    EXPECT_TRUE(contains(driver->skipped[0], "larger than 4999 bytes")) << driver->skipped[0];
}

TEST_F(Images, a_fifo_holds_nobody_up) {
    write_neighbours();
    ASSERT_EQ(mkfifo((dir / "2.png").c_str(), 0600), 0);
    expect_skipped("is not a regular file");
}

TEST_F(Images, a_directory_named_like_an_image) {
    write_neighbours();
    std::filesystem::create_directory(dir / "2.jpg");
    expect_skipped("is not a regular file");
}

TEST_F(Images, a_socket_named_like_an_image) {
    write_neighbours();
    const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (dir / "2.jpg").c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    expect_skipped("is not a regular file");
}

TEST_F(Images, links_are_followed_inside_the_directory_and_not_out_of_it) {
    const TemporaryDirectory other;
    write_neighbours();
    std::filesystem::create_symlink("1.png", dir / "4.png");
    EXPECT_EQ(show(options_of(dir.path())), Driver::Stop::ended);
    EXPECT_EQ(greys(), (std::vector<int>{10, 30, 10}));
    std::filesystem::remove(dir / "4.png");
    std::filesystem::create_symlink(other.write("secret.png", picture("png", 99)), dir / "2.png");
    expect_skipped("leads out of the directory");
    std::filesystem::remove(dir / "2.png");
    std::filesystem::create_symlink(
        "../" + std::filesystem::path(other.path()).filename().string() + "/secret.png", dir / "2.png");
    expect_skipped("leads out of the directory");
    std::filesystem::remove(dir / "2.png");
    std::filesystem::create_symlink("2.png", dir / "2.png");
    expect_skipped("link");
}

TEST_F(Images, a_directory_of_nothing_but_rubbish_fails_and_does_not_spin) {
    for (const int i : {1, 2, 3}) dir.write(std::to_string(i) + ".jpg", std::string("rubbish"));
    for (const bool loop : {false, true}) {
        ImagesOptions options = options_of(dir.path());
        options.loop = loop;
        EXPECT_EQ(show(options), Driver::Stop::failed);
        EXPECT_EQ(driver->lost.size(), 3u);
        EXPECT_TRUE(contains(driver->failure, "none of the 3 images")) << driver->failure;
        EXPECT_TRUE(contains(driver->failure, "3.jpg is not an image")) << driver->failure;
        EXPECT_EQ(driver->now_ns - Driver::kBegin, 200'000'000) << "rubbish takes its turn in the schedule";
    }
}

TEST_F(Images, watch_shows_what_appears_later_once_it_is_complete) {
    dir.write("9.png", picture("png", 9));
    ImagesOptions options = options_of(dir.path());
    options.watch = true;
    ASSERT_EQ(show(options), Driver::Stop::waits);
    ASSERT_GE(driver->wait_fd, 0);
    EXPECT_EQ(greys(), (std::vector<int>{9}));

    const std::vector<uint8_t> file = picture("png", 3);
    std::ofstream half(dir / "3.png", std::ios::binary);
    half.write(reinterpret_cast<const char*>(file.data()), 40).flush();
    dir.write("times.txt", std::string("1\n"));
    EXPECT_EQ(driver->run(), Driver::Stop::waits) << "neither half a file nor a file of another kind";
    half.write(reinterpret_cast<const char*>(file.data()) + 40,
               static_cast<std::streamsize>(file.size()) - 40);
    half.close();
    wait_readable(driver->wait_fd);
    EXPECT_EQ(driver->run(), Driver::Stop::waits);

    dir.write("hidden.tmp", picture("png", 2));
    std::filesystem::rename(dir / "hidden.tmp", dir / "2.png");
    wait_readable(driver->wait_fd);
    EXPECT_EQ(driver->run(), Driver::Stop::waits);
    EXPECT_EQ(greys(), (std::vector<int>{9, 3, 2}));
    EXPECT_TRUE(driver->lost.empty());
    EXPECT_EQ(driver->frames[2].frame.capture_origin, uint32_t{CAMTAP_ORIGIN_READ_RETURN});
}

TEST_F(Images, watch_shows_a_file_once_that_is_written_again_before_its_turn) {
    dir.write("1.png", picture("png", 1));
    dir.write("2.png", picture("png", 2));
    ImagesOptions options = options_of(dir.path());
    options.watch = true;
    ASSERT_EQ(show(options, 1), Driver::Stop::enough);
    dir.write("2.png", picture("png", 3));
    EXPECT_EQ(driver->run(), Driver::Stop::waits);
    EXPECT_EQ(greys(), (std::vector<int>{1, 3}));
    dir.write("2.png", picture("png", 4));
    EXPECT_EQ(driver->run(), Driver::Stop::waits);
    EXPECT_EQ(greys(), (std::vector<int>{1, 3, 4})) << "written anew after its turn, it is news";
}

TEST_F(Images, watch_waits_in_an_empty_directory) {
    ImagesOptions options = options_of(dir.path());
    options.watch = true;
    for (const bool loop : {false, true}) {
        options.loop = loop;
        ASSERT_EQ(show(options), Driver::Stop::waits);
        dir.write("1.png", picture("png", 1));
        wait_readable(driver->wait_fd);
        EXPECT_EQ(driver->run(1), Driver::Stop::enough);
        std::filesystem::remove(dir / "1.png");
    }
}

TEST_F(Images, watch_notices_that_its_directory_is_removed) {
    const std::string inner = dir / "inner";
    std::filesystem::create_directory(inner);
    ImagesOptions options = options_of(inner);
    options.watch = true;
    ASSERT_EQ(show(options), Driver::Stop::waits);
    std::filesystem::remove(inner);
    wait_readable(driver->wait_fd);
    EXPECT_EQ(driver->run(), Driver::Stop::failed);
    EXPECT_TRUE(contains(driver->failure, "was removed")) << driver->failure;
}

TEST_F(Images, the_sample_has_sixty_pictures_with_their_times) {
    ImagesOptions options = options_of(CAMTAP_TEST_DATA "/pedestrians");
    options.times = CAMTAP_TEST_DATA "/pedestrians/times.txt";
    EXPECT_EQ(show(options), Driver::Stop::ended);
    ASSERT_EQ(driver->frames.size(), 60u);
    EXPECT_EQ(driver->now_ns - Driver::kBegin, 5'900'000'000);
    for (const Seen& seen : driver->frames) {
        EXPECT_EQ(seen.frame.image.width, 768u);
        EXPECT_EQ(seen.frame.image.height, 576u);
        EXPECT_EQ(seen.frame.copies, 0u);
    }
}

}  // namespace
}  // namespace camtap::source
