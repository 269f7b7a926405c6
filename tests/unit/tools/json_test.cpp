// What the commands print as JSON is JSON, whatever names and texts they are given.
#include "json.h"

#include <gtest/gtest.h>

#include <cmath>

namespace camtap::tools {
namespace {

std::string quoted(std::string_view text) {
    return JsonWriter().value(text).text();
}

TEST(Json, SeparatesMembersAndElements) {
    JsonWriter json;
    json.begin_object()
        .member("a", 1)
        .key("b")
        .begin_array()
        .value(2)
        .value(true)
        .null()
        .begin_object()
        .end()
        .end();
    json.member("c", "d").end();
    EXPECT_EQ(json.text(), R"({"a":1,"b":[2,true,null,{}],"c":"d"})");
}

TEST(Json, EmptyObjectsAndArraysStayEmpty) {
    EXPECT_EQ(JsonWriter().begin_array().end().text(), "[]");
    EXPECT_EQ(JsonWriter().begin_object().end().text(), "{}");
    EXPECT_EQ(JsonWriter().begin_array().begin_array().end().begin_array().end().end().text(), "[[],[]]");
}

TEST(Json, EscapesWhatJsonForbidsInStrings) {
    EXPECT_EQ(quoted("say \"hi\" \\ "), R"("say \"hi\" \\ ")");
    EXPECT_EQ(quoted("a\nb\tc\x1b"), R"("a\u000ab\u0009c\u001b")");
    EXPECT_EQ(quoted(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(Json, KeysAreEscapedToo) {
    EXPECT_EQ(JsonWriter().begin_object().member("\"", 1).end().text(), R"({"\"":1})");
}

TEST(Json, ValidUtf8PassesUnchanged) {
    EXPECT_EQ(quoted("Gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80"), "\"Gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80\"");
}

TEST(Json, EachByteThatIsNotUtf8BecomesTheReplacementCharacter) {
    EXPECT_EQ(quoted("a\xFF\xFE"), R"("a\ufffd\ufffd")");
    EXPECT_EQ(quoted("\xC3"), R"("\ufffd")");                      // truncated
    EXPECT_EQ(quoted("\xC0\xAF"), R"("\ufffd\ufffd")");            // overlong
    EXPECT_EQ(quoted("\xE0\x80\x80"), R"("\ufffd\ufffd\ufffd")");  // overlong
    EXPECT_EQ(quoted("\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd")");  // surrogate
    EXPECT_EQ(quoted("\xC3\x22"), R"("\ufffd\"")");                // must not swallow the quote
}

TEST(Json, NumbersKeepTheirValue) {
    EXPECT_EQ(JsonWriter().value(UINT64_MAX).text(), "18446744073709551615");
    EXPECT_EQ(JsonWriter().value(INT64_MIN).text(), "-9223372036854775808");
    EXPECT_EQ(JsonWriter().value(0.5).text(), "0.5");
    EXPECT_EQ(JsonWriter().value(1e300).text(), "1e+300");
}

TEST(Json, NumbersThatJsonDoesNotKnowBecomeNull) {
    EXPECT_EQ(JsonWriter().value(std::nan("")).text(), "null");
    EXPECT_EQ(JsonWriter().value(HUGE_VAL).text(), "null");
}

}  // namespace
}  // namespace camtap::tools
