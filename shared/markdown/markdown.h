// Foreign text made harmless inside our Markdown: whatever a log line, a container's name or a
// model says, it stays text. It mentions nobody, refers to no issue, closes nothing, shows no
// image, links nowhere and is no HTML. Pure. Two means: code (a fence or span that is longer than
// any run of backticks inside) and, for prose, escapes besides an invisible U+200B, since GitHub
// finds @names, #1 and links in the rendered text, where a mere backslash has gone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace markdown {

// One line in a code span, fit for a table cell too ("|" becomes "¦"); "–" when empty.
[[nodiscard]] std::string code(std::string_view text, std::size_t max_bytes = 200);
// One line of prose, fit for a table cell too: every character that Markdown knows is escaped.
[[nodiscard]] std::string plain(std::string_view text, std::size_t max_bytes = 1000);
// Like plain(), without escapes: for titles and other places that are shown as they are.
[[nodiscard]] std::string bare(std::string_view text, std::size_t max_bytes);
// A service's name in a line that programs read too: as it is when it is made of letters, digits,
// ".", "-" and inner "_", as plain() otherwise.
[[nodiscard]] std::string name(std::string_view text);
// A fenced block with these lines, each cut at `line_max` bytes, at most `lines_max`; it ends with
// a newline. Empty when there are no lines.
[[nodiscard]] std::string fenced(const std::vector<std::string>& lines, std::size_t lines_max = 40,
                                 std::size_t line_max = 400);
// Several lines of Markdown whose headings, lists, tables and code are kept, and all else is made
// harmless as above. Cut at a line's end before `max_bytes`; an open fence is closed.
[[nodiscard]] std::string safe_markdown(std::string_view text, std::size_t max_bytes);

}  // namespace markdown
