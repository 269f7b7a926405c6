// Each mistake in a configuration is answered by file, line, column, key and reason.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/config_files.h"

namespace camtap {
namespace {

using ConfigMistakes = ConfigFiles;

// A stream of which one line, the fourth, is wrong.
std::string stream_with(std::string_view source, std::string_view line) {
    std::string text =
        "[[stream]]\nname = 'a'\nsource = '" + std::string(source) + "'\n" + std::string(line) + "\n";
    if (source == "images" || source == "video") text += "path = '/x'\n";
    return text;
}

struct Mistake {
    const char* what;
    std::string text;
    const char* error;
};

const std::vector<Mistake> kMistakes = {
    {"SyntaxError", "[daemon]\nlog_level = debug\n", "2:13: syntax: "},
    {"NoKeyInBrackets", "\n[~stream]", "2:2: syntax: "},
    {"WordCutShort", "[daemon]\nsocket = t\n", "2:11: syntax: "},
    {"LetterAfterAValue", "a = 1 \xc3\xa4", "1:7: syntax: "},
    {"LetterAfterALineEndInAText", "a = \"\"\"\\\n \xc3\xa4\"\"\"", "1:1: a: unknown key"},
    {"UnfinishedText", "[daemon]\nlog_level = \"debug\n", "2:19: syntax: "},
    {"NotUtf8", "[daemon]\n# \xff\xfe\n", "2:2: syntax: "},
    {"NulByte", std::string("[daemon]\n\xc3\xa4 = '\0'", 17),
     "2:6: syntax: a NUL byte: this is not a text file"},
    {"KeyTwice", stream_with("pattern", "name = 'b'"), "4:8: syntax: "},
    {"ManyDots", "\n" + std::string(100, '.') + " = 1\n", "2:1: syntax: more than 64 dots in one line"},
    {"DeepNesting", "a = " + std::string(5000, '['), "1:21: syntax: "},
    {"UnknownTable", "[deamon]\n", "1:2: deamon: unknown key; did you mean [daemon]?"},
    {"UnknownTableFarFromAny", "\n[xyz]\n",
     "2:2: xyz: unknown key; everything stands in [daemon] or in a [[stream]]"},
    {"KeyOutsideOfTables", "depth = 4", "1:1: depth: unknown key; everything stands in"},
    {"StreamNotAList", "[stream]\nname = 'a'", "1:1: stream: must be a list of tables: write [[stream]]"},
    {"StreamOfNumbers", "stream = [1]", "1:11: stream: must be a table: [[stream]]"},
    {"DaemonAList", "[[daemon]]\nsocket = 'a'", "1:1: daemon: must be a table: [daemon]"},
    {"UnknownDaemonKey", "[daemon]\n  log_levle = 'info'",
     "2:3: log_levle: unknown key; did you mean \"log_level\"?"},
    {"UnknownStreamKey", stream_with("pattern", "dept = 4"),
     "4:1: dept: unknown key; did you mean \"depth\"?"},
    {"UnknownKeyFarFromAny", stream_with("pattern", "zzzzzzzzzzzzzzzz = 4"),
     "4:1: zzzzzzzzzzzzzzzz: unknown key; known are name, source, depth, "},
    {"UnknownSourceKey", stream_with("pattern", "widht = 4"),
     "4:1: widht: unknown key; did you mean \"width\"?"},
    {"KeyOfAnotherSource", stream_with("pattern", "watch = true"),
     "4:1: watch: unknown key here; it goes with source = \"images\""},
    {"KeyOfTwoOtherSources", stream_with("pattern", "loop = true"),
     "4:1: loop: unknown key here; it goes with source = \"images\" or source = \"video\""},
    {"KeyOfPublishers", stream_with("pattern", "publish_users = ['root']"),
     "4:1: publish_users: unknown key here; it goes with source = \"publisher\""},
    {"KeyThatIsNoWord", stream_with("pattern", "\"rtsp://u:secret@h\" = 1"),
     "4:1: ?: unknown key; known are"},
    {"WrongKindForNumber", stream_with("pattern", "depth = 'four'"),
     "4:9: depth: must be a whole number, not a text"},
    {"FractionForWhole", stream_with("pattern", "depth = 4.5"),
     "4:9: depth: must be a whole number, not a number"},
    {"WrongKindForText", stream_with("images", "times = 3"),
     "4:9: times: must be a text, not a whole number"},
    {"WrongKindForSwitch", stream_with("images", "loop = 'yes'"),
     "4:8: loop: must be true or false, not a text"},
    {"WrongKindForSize", stream_with("pattern", "max_memory = true"),
     "4:14: max_memory: must be a number of bytes or a size like \"256 MiB\", not a boolean"},
    {"WrongKindForTime", stream_with("pattern", "linger = []"),
     "4:10: linger: must be a number of seconds or a time like \"500 ms\", not a list"},
    {"WrongKindForRate", stream_with("pattern", "fps = 2020-01-01"),
     "4:7: fps: must be a number, not a date or time"},
    {"WrongKindForNames", stream_with("pattern", "allow_users = 'root'"),
     "4:15: allow_users: must be a list of names, not a text"},
    {"WrongKindForName", stream_with("pattern", "allow_users = ['root', 0]"),
     "4:24: allow_users: must be a text, not a whole number"},
    {"WrongKindForWord", stream_with("pattern", "start = {}"),
     "4:9: start: must be \"always\" or \"on-demand\", not a table"},
    {"WrongKindForStreamName", "[[stream]]\nsource = 'pattern'\nname = 3",
     "3:8: name: must be a text, not a whole number"},
    {"DepthOfNone", stream_with("pattern", "depth = 0"), "4:9: depth: must be from 1 to 4096"},
    {"DepthBelowNone", stream_with("pattern", "depth = -1"), "4:9: depth: must be from 1 to 4096"},
    {"DepthBeyond32Bits", stream_with("pattern", "depth = 4294967297"), "4:9: depth: must be from 1 to 4096"},
    {"OnePin", stream_with("pattern", "max_pins = 1"), "4:12: max_pins: must be from 2 to 64"},
    {"ManyPins", stream_with("pattern", "max_pins = 65"), "4:12: max_pins: must be from 2 to 64"},
    {"NoSuchUnit", stream_with("pattern", "max_frame_bytes = '3 MiBB'"),
     "4:19: max_frame_bytes: must be a size like"},
    {"SizeOfNothing", stream_with("pattern", "max_frame_bytes = 0"),
     "4:19: max_frame_bytes: must be from 1 bytes to 1 TiB"},
    {"SizeTooLarge", stream_with("pattern", "max_frame_bytes = '1e300 GiB'"),
     "4:19: max_frame_bytes: must be from"},
    {"SizeNotANumber", stream_with("pattern", "max_frame_bytes = 'nan'"),
     "4:19: max_frame_bytes: must be a size"},
    {"NoSuchTime", stream_with("pattern", "linger = '5 fortnights'"), "4:10: linger: must be a time like"},
    {"TimeOfNothing", stream_with("pattern", "stall_timeout = 0"),
     "4:17: stall_timeout: must be from 0.001 to 86400"},
    {"TimeBelowZero", stream_with("pattern", "linger = '-1 s'"),
     "4:10: linger: must be from 0 to 86400 seconds"},
    {"TimeNotANumber", stream_with("pattern", "linger = nan"),
     "4:10: linger: must be from 0 to 86400 seconds"},
    {"RateInfinite", stream_with("pattern", "fps = inf"), "4:7: fps: must be from 0 to 10000"},
    {"RateNotANumber", stream_with("pattern", "fps = nan"), "4:7: fps: must be from 0 to 10000"},
    {"RateZeroForImages", stream_with("images", "fps = 0"), "4:7: fps: must be from 0.001 to 10000"},
    {"NoSuchWord", stream_with("pattern", "start = 'sometimes'"),
     "4:9: start: must be \"always\" or \"on-demand\", not \"sometimes\""},
    {"NoSuchSource", "[[stream]]\nname = 'a'\nsource = 'vidoe'",
     "3:10: source: must be \"images\", \"video\", \"pattern\" or \"publisher\", not \"vidoe\""},
    {"UrlAsSourceKeepsItsSecret", "[[stream]]\nname = 'a'\nsource = 'rtsp://u:secret@h'",
     "3:10: source: must be \"images\", \"video\", \"pattern\" or \"publisher\", not this"},
    {"NotAUrl", "[[stream]]\nname = 'a'\nsource = 'video'\nurl = 'u:secret@h'",
     "4:7: url: must be a URL, like rtsp://host/path"},
    {"NotADevice", "[[stream]]\nname = 'a'\nsource = 'video'\ndevice = 'video0'",
     "4:10: device: must be a number or a path like \"/dev/video0\""},
    {"NoName", "[[stream]]\nsource = 'pattern'", "1:1: name: missing; every [[stream]] needs it"},
    {"NoSource", "\n[[stream]]\nname = 'a'", "2:1: source: missing; every [[stream]] needs it"},
    {"EmptyName", "[[stream]]\nname = ''\nsource = 'pattern'", "2:8: name: a stream name can't be empty"},
    {"NameOutsideTheGrammar", "[[stream]]\nname = 'Front'\nsource = 'pattern'",
     "2:8: name: a stream name consists of a-z, 0-9, '_' and '-'"},
    {"NameWithNul", "[[stream]]\nname = \"a\\u0000\"\nsource = 'pattern'",
     "2:8: name: a stream name consists of"},
    {"NameTooLong", "[[stream]]\nname = '" + std::string(64, 'a') + "'\nsource = 'pattern'",
     "2:8: name: a stream name has at most 63 bytes"},
    {"TextWithNul", stream_with("images", "times = \"a\\u0000b\""),
     "4:9: times: contains control characters"},
    {"EmptyText", stream_with("images", "times = ''"), "4:9: times: can't be empty"},
    {"TextLikeAnOption", stream_with("images", "times = '--help'"), "4:9: times: can't begin with '-'"},
    {"TextTooLong", stream_with("images", "times = '" + std::string(5000, 'x') + "'"),
     "4:9: times: is longer than 4096 bytes"},
    {"SocketPathTooLong", "[daemon]\nsocket = '/" + std::string(107, 'x') + "'",
     "2:10: socket: makes a path longer than a socket's may be (107 bytes)"},
    {"NoImages", "[[stream]]\nname = 'a'\nsource = 'images'",
     "1:1: path: missing; source = \"images\" needs it"},
    {"NoVideo", "[[stream]]\nname = 'a'\nsource = 'video'",
     "1:1: path: missing; source = \"video\" needs one of path, url, device and pipeline"},
    {"WidthOfAFile", stream_with("video", "width = 640"),
     "4:9: width: is what a device is asked for; here is none"},
    {"WidthAlone", "[[stream]]\nname = 'a'\nsource = 'video'\ndevice = 0\nwidth = 640\n",
     "5:9: width: needs height too"},
    {"LongFourcc", "[[stream]]\nname = 'a'\nsource = 'video'\ndevice = 0\nfourcc = 'MJPEG'\n",
     "5:10: fourcc: must be four characters, like \"MJPG\""},
    {"TwoVideos", stream_with("video", "url = 'http://x'"), "5:1: path: excludes url: give only one of them"},
    {"RateAndTimes", stream_with("images", "times = 't'\nfps = 3"),
     "5:1: fps: excludes times: give only one of them"},
    {"WatchAndTimes", stream_with("images", "watch = true\ntimes = 't'"),
     "5:1: times: excludes watch: give only one of them"},
    {"OnDemandPublisher", stream_with("publisher", "start = 'on-demand'"),
     "4:9: start: can't be \"on-demand\" with source = \"publisher\""},
    {"TooManySlots", stream_with("pattern", "max_taps = 2040"),
     "4:12: max_taps: depth + 32 + max_taps × max_pins makes 4116 slots; at most 4096 are possible"},
    {"DelaysCrossed", "[daemon]\nrestart_delay = 6",
     "2:17: restart_delay: restart_delay can't be longer than"},
    {"NoSuchUser", stream_with("pattern", "allow_users = ['root', 'no-such-user']"),
     "4:24: allow_users: \"no-such-user\": no such user"},
    {"UserOfMinusOne", stream_with("pattern", "allow_users = ['4294967295']"),
     "4:16: allow_users: \"4294967295\": no such user"},
    {"NoSuchGroup", stream_with("publisher", "publish_groups = ['no-such-group']"),
     "4:19: publish_groups: \"no-such-group\": no such group"},
};

TEST_F(ConfigMistakes, AreAnsweredByPlaceKeyAndReason) {
    for (const Mistake& mistake : kMistakes) {
        SCOPED_TRACE(mistake.what);
        const std::string error = error_of(mistake.text);
        EXPECT_EQ(error.substr(0, std::string_view(mistake.error).size()), mistake.error) << error;
        EXPECT_EQ(error.find("secret"), std::string::npos) << error;
        EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    }
}

TEST_F(ConfigMistakes, KeepPasswordsOutOfSyntaxErrors) {
    for (const char* text :
         {"url = rtsp://u:secret@h", "rtsp://u:secret@h",
          "\"rtsp://u:secret@h\" = 1\n\"rtsp://u:secret@h\" = 2",
          "[\"rtsp://u:secret@h\"]\n[\"rtsp://u:secret@h\"]", "url = 'rtsp://u:secret@h", "url = secret@h"}) {
        const std::string error = error_of(text);
        EXPECT_NE(error.find(": syntax: "), std::string::npos) << error;
        EXPECT_EQ(error.find("secret"), std::string::npos) << error;
    }
}

}  // namespace
}  // namespace camtap
