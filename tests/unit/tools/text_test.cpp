// What others call themselves can neither break a table nor command a terminal.
#include "text.h"

#include <gtest/gtest.h>

#include "natural_order.h"
#include "nearest.h"
#include "table.h"

namespace camtap::tools {
namespace {

TEST(Printable, ControlCharactersAreReplaced) {
    EXPECT_EQ(printable("a\x1b[2Jb"), "a\xEF\xBF\xBD[2Jb");
    EXPECT_EQ(printable("a\nb"),
              "a\xEF\xBF\xBD"
              "b");
    EXPECT_EQ(printable("\xC2\x9B"
                        "2J"),
              "\xEF\xBF\xBD"
              "2J");  // CSI as one character
    EXPECT_EQ(printable("\x7F"), "\xEF\xBF\xBD");
    EXPECT_EQ(printable("ok \xC3\xBC"), "ok \xC3\xBC");
}

TEST(Printable, BytesThatAreNotUtf8AreReplaced) {
    EXPECT_EQ(printable("\x80"
                        "a\xE2\x82"),
              "\xEF\xBF\xBD"
              "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Cut, CountsCharactersAndNotBytes) {
    EXPECT_EQ(cut("\xC3\xBC\xC3\xBC\xC3\xBC", 3), "\xC3\xBC\xC3\xBC\xC3\xBC");
    EXPECT_EQ(cut("\xC3\xBC\xC3\xBC\xC3\xBC", 2), "\xC3\xBC\xE2\x80\xA6");
    EXPECT_EQ(cut("abc", 1), "\xE2\x80\xA6");
    EXPECT_EQ(cut("abc", 0), "");
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
    Table table({{"NAME"}, {"N", Align::right}});
    table.add({"a", "100"});
    table.add({"longer", "1"});
    EXPECT_EQ(table.text(), "NAME      N\na       100\nlonger    1\n");
}

TEST(Table, WideCharactersKeepColumnsInLine) {
    Table table({{"A"}, {"B"}});
    table.add({"\xC3\xBC\xC3\xBC", "x"});
    table.add({"aa", "y"});
    EXPECT_EQ(table.row(0), "\xC3\xBC\xC3\xBC  x");
    EXPECT_EQ(table.row(1), "aa  y");
}

TEST(Table, IndentsEachLine) {
    Table table({{"A"}}, 2);
    table.add({"x"});
    EXPECT_EQ(table.text(), "  A\n  x\n");
}

TEST(Table, CellsCanNotBreakLines) {
    Table table({{"A"}, {"B"}});
    table.add({"x\ny", "z"});
    EXPECT_EQ(table.row(0).find('\n'), std::string::npos);
}

TEST(EditDistance, CountsSingleMistakes) {
    EXPECT_EQ(edit_distance("front", "front"), 0U);
    EXPECT_EQ(edit_distance("fromt", "front"), 1U);
    EXPECT_EQ(edit_distance("frnt", "front"), 1U);
    EXPECT_EQ(edit_distance("frront", "front"), 1U);
    EXPECT_EQ(edit_distance("fornt", "front"), 1U);
    EXPECT_EQ(edit_distance("", "front"), 5U);
}

TEST(NearestFirst, TheLikelyNameLeads) {
    const std::vector<std::string> names = {"rear", "pattern", "front/obstacles", "front"};
    EXPECT_EQ(nearest_first("frnt", names).front(), "front");
    EXPECT_EQ(nearest_first("patern", names).front(), "pattern");
}

TEST(NaturalOrder, NumbersCompareByValue) {
    EXPECT_TRUE(natural_less("image2.png", "image10.png"));
    EXPECT_FALSE(natural_less("image10.png", "image2.png"));
    EXPECT_TRUE(natural_less("a/9", "a/10"));
    EXPECT_TRUE(natural_less("image", "image1"));
    EXPECT_TRUE(natural_less("1", "18446744073709551616000"));  // no number is too long
}

TEST(NaturalOrder, IsStrict) {
    EXPECT_FALSE(natural_less("x1", "x1"));
    EXPECT_NE(natural_less("x01", "x1"), natural_less("x1", "x01"));
    EXPECT_NE(natural_less("x0", "x00"), natural_less("x00", "x0"));
}

}  // namespace
}  // namespace camtap::tools
