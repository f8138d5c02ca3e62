#include "forge/diff_place.h"

#include <charconv>

#include "base/text.h"

namespace forge {
namespace {

// The number after `mark` of "@@ -1,4 +1,6 @@ …"; 0 when there is none.
int start_after(std::string_view header, char mark) {
  const std::size_t at = header.find(mark);
  int number = 0;
  if (at != header.npos) {
    std::from_chars(header.data() + at + 1, header.data() + header.size(), number);
  }
  return number;
}

}  // namespace

std::optional<DiffPlace> find_in_diff(std::string_view patch, const std::string& path, int line,
                                      bool is_left) {
  int before = 0, after = 0;  // Of the next line of either file.
  int position = -1;          // GitHub counts from the line after the first header.
  std::string hunk;
  for (const std::string_view text : base::split(patch, '\n')) {
    ++position;
    const char kind = text.empty() ? '\\' : text.front();
    if (text.starts_with("@@")) {
      before = start_after(text, '-');
      after = start_after(text, '+');
      hunk = text;
      continue;
    }
    hunk += "\n" + std::string(text);
    const bool is_old = kind == '-' || kind == ' ', is_new = kind == '+' || kind == ' ';
    const bool is_it = is_left ? is_old && before == line : is_new && after == line;
    if (is_it) return DiffPlace{path, is_left, line, position, std::move(hunk)};
    before += is_old ? 1 : 0;
    after += is_new ? 1 : 0;
  }
  return std::nullopt;
}

}  // namespace forge
