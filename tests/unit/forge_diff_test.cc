// Where a comment on a line stands in a diff.
#include <doctest/doctest.h>

#include <string>

#include "forge/diff_place.h"

namespace forge {
namespace {

// Two hunks; GitHub counts positions over both, the second header included.
const std::string kPatch =
    "@@ -1,3 +1,4 @@ top\n one\n-two\n+zwei\n+drei\n four\n@@ -10,2 +11,2 @@\n ten\n-eleven\n+elf";

TEST_CASE("diff: a line is found on its side, with its position and hunk") {
  struct Row {
    int line;
    bool is_left;
    int position;  // 0: not shown.
    const char* last;
  };
  for (const Row& row : {
           Row{1, false, 1, " one"},
           Row{1, true, 1, " one"},
           Row{2, true, 2, "-two"},
           Row{2, false, 3, "+zwei"},
           Row{3, false, 4, "+drei"},
           Row{3, true, 5, " four"},
           Row{4, false, 5, " four"},
           Row{5, false, 0, ""},
           Row{10, true, 7, " ten"},
           Row{11, true, 8, "-eleven"},
           Row{12, false, 9, "+elf"},
           Row{13, false, 0, ""},
           Row{0, false, 0, ""},
           Row{-1, true, 0, ""},
       }) {
    CAPTURE(row.line);
    CAPTURE(row.is_left);
    const auto place = find_in_diff(kPatch, "a.txt", row.line, row.is_left);
    CHECK(place.has_value() == (row.position > 0));
    if (!place) continue;
    CHECK(place->path == "a.txt");
    CHECK(place->line == row.line);
    CHECK(place->is_left == row.is_left);
    CHECK(place->position == row.position);
    CHECK(place->hunk.starts_with(row.position < 6 ? "@@ -1,3 +1,4 @@ top\n one" : "@@ -10,2"));
    CHECK(place->hunk.ends_with("\n" + std::string(row.last)));
  }
}

TEST_CASE("diff: what is no diff, or says that a file has no last line break, is no trouble") {
  CHECK_FALSE(find_in_diff("", "a", 1, false));
  CHECK_FALSE(find_in_diff("@@", "a", 1, false));
  CHECK_FALSE(find_in_diff("@@ -x +y @@\n", "a", 1, false));
  const std::string patch = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b";
  const auto place = find_in_diff(patch, "a", 1, false);
  REQUIRE(place);
  CHECK(place->position == 3);
}

}  // namespace
}  // namespace forge
