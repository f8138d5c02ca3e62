#include "markdown/markdown.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace markdown {
namespace {

constexpr std::string_view kBreak = "\xE2\x80\x8B";  // U+200B, zero width.

std::size_t longest_run(std::string_view text, char wanted) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) {
    run = c == wanted ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

// Beyond 80 backticks GitHub (md4c: 32) takes no run for a code span's delimiter, and a span that
// is none lets its text out; so no run is longer than 16.
std::string with_short_runs(std::string_view text) {
  constexpr std::size_t kRunMax = 16;
  std::string out;
  std::size_t run = 0;
  for (const char c : text) {
    if (run == kRunMax && c == '`') {
      out += kBreak;
      run = 0;
    }
    run = c == '`' ? run + 1 : 0;
    out += c;
  }
  return out;
}

// Cleaned, on one line, cut with an ellipsis.
std::string one_line(std::string_view text, std::size_t max_bytes) {
  std::string line = base::clean_text(base::cut_utf8(text, max_bytes * 4));
  for (char& c : line) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  line = std::string(base::trim(line));
  if (line.size() <= max_bytes) return line;
  return std::string(base::cut_utf8(line, max_bytes)) + "…";
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool begins_without_case(std::string_view text, std::string_view word) {
  return base::equal_ignoring_case(text.substr(0, word.size()), word);
}

// Breaks what GitHub looks for in rendered text: @name, #1, GH-1, links, images.
std::string without_references(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    const bool starts_word = i == 0 || !is_word(text[i - 1]);
    if ((starts_word && begins_without_case(rest, "gh-")) || begins_without_case(rest, "www.")) {
      const std::size_t length = rest[0] == 'g' || rest[0] == 'G' ? 3 : 4;
      out += rest.substr(0, length);
      out += kBreak;
      i += length - 1;
      continue;
    }
    out += text[i];
    const bool heading = rest.size() > 1 && (rest[1] == ' ' || rest[1] == '#');
    const bool reference = text[i] == '@' || (text[i] == '#' && !heading);
    const bool mailto =
        text[i] == ':' && i >= 6 && begins_without_case(text.substr(i - 6), "mailto");
    const bool link = mailto || rest.starts_with("://") || rest.starts_with("](") ||
                      rest.starts_with("][") || rest.starts_with("]:") || rest.starts_with("![");
    if (reference || link) out += kBreak;
  }
  return out;
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kSpecial = "\\`*_{}[]<>#!~&$^";
  std::string out;
  for (const char c : text) {
    if (c == '|') {
      out += "¦";  // An escaped "|" after a backslash would still end a table's cell.
      continue;
    }
    if (kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// A fence's opening: how many of which character, at most three spaces before; 0 when it is none.
struct Fence {
  char mark = 0;
  std::size_t length = 0;
  bool bare = false;  // Nothing after it: it may close.
};
Fence fence_in(std::string_view line) {
  std::size_t at = 0;
  while (at < line.size() && line[at] == ' ') ++at;
  if (at > 3 || at == line.size() || (line[at] != '`' && line[at] != '~')) return {};
  Fence fence{line[at], 0, false};
  while (at + fence.length < line.size() && line[at + fence.length] == fence.mark) ++fence.length;
  const std::string_view after = line.substr(at + fence.length);
  if (fence.length < 3 || (fence.mark == '`' && after.find('`') != std::string_view::npos))
    return {};
  fence.bare = base::trim(after).empty();
  return fence;
}

std::string without_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string code(std::string_view text, std::size_t max_bytes) {
  std::string line = with_short_runs(one_line(text, max_bytes));
  if (line.empty()) return "–";
  for (std::size_t at = line.find('|'); at != std::string::npos; at = line.find('|', at)) {
    line.replace(at, 1, "¦");
  }
  const std::string ticks(longest_run(line, '`') + 1, '`');
  const bool pad = line.front() == '`' || line.back() == '`';
  return ticks + (pad ? " " : "") + line + (pad ? " " : "") + ticks;
}

std::string plain(std::string_view text, std::size_t max_bytes) {
  return escaped(without_references(one_line(text, max_bytes)));
}

std::string bare(std::string_view text, std::size_t max_bytes) {
  return std::string(base::cut_utf8(without_references(one_line(text, max_bytes)), max_bytes));
}

std::string name(std::string_view text) {
  const bool ordinary =
      !text.empty() && text.size() <= 120 && is_word(text.front()) && is_word(text.back()) &&
      std::all_of(text.begin(), text.end(),
                  [](char c) { return is_word(c) || c == '.' || c == '-' || c == '_'; }) &&
      without_references(text) == text;
  return ordinary ? std::string(text) : plain(text, 120);
}

std::string fenced(const std::vector<std::string>& lines, std::size_t lines_max,
                   std::size_t line_max) {
  if (lines.empty()) return "";
  std::string body;
  std::size_t shown = 0;
  for (const auto& line : lines) {
    if (++shown > lines_max) break;
    body += one_line(line, line_max) + "\n";
  }
  if (lines.size() > lines_max) {
    body += "… " + std::to_string(lines.size() - lines_max) + " more lines\n";
  }
  const std::string fence(std::max<std::size_t>(3, longest_run(body, '`') + 1), '`');
  return fence + "text\n" + body + fence + "\n";
}

std::string safe_markdown(std::string_view text, std::size_t max_bytes) {
  constexpr std::size_t kTail = 120;  // Room for closing a fence and saying that it was cut.
  const std::string clean = base::clean_text(text);
  std::string out;
  Fence open;
  for (const std::string_view line : base::split(clean, '\n')) {
    const Fence fence = fence_in(line);
    const bool inside = open.length > 0;
    if (fence.length > kTail / 2) continue;  // Nobody needs such a fence.
    const std::string safe = without_references(inside ? std::string(line) : without_html(line));
    if (out.size() + safe.size() + kTail > max_bytes) {
      if (inside) out += std::string(open.length, open.mark) + "\n";
      return out + "\n… cut here\n";
    }
    out += safe + "\n";
    if (!inside) {
      open = fence;
    } else if (fence.mark == open.mark && fence.length >= open.length && fence.bare) {
      open = {};
    }
  }
  if (open.length > 0) out += std::string(open.length, open.mark) + "\n";
  return out;
}

}  // namespace markdown
