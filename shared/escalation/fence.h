// Foreign text as a Markdown block that nothing inside can end. Pure.
#pragma once

#include <algorithm>
#include <string>

namespace escalation {

[[nodiscard]] inline std::string in_fence(const std::string& text) {
  std::size_t longest = 2, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  return fence + "\n" + text + (text.ends_with('\n') ? "" : "\n") + fence + "\n";
}

}  // namespace escalation
