// Shows an incident's thread in a terminal as it grows: what is new since the last look. Pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include "chaos/thread_reading.h"

namespace chaos {

// Of one issue. Not thread-safe.
class ThreadView {
 public:
  explicit ThreadView(bool is_colored) : is_colored_(is_colored) {}
  // What to print; empty when nothing is new. Foreign text in it is cleaned of control characters.
  [[nodiscard]] std::string update(const Thread& thread);

 private:
  [[nodiscard]] std::string bold(const std::string& text) const;
  [[nodiscard]] std::string faint(const std::string& text) const;
  [[nodiscard]] std::string block(const std::string& body) const;

  const bool is_colored_;
  std::set<std::string> labels_;
  std::map<std::int64_t, std::string> comments_;  // Id to the text last shown.
  std::string state_;
  std::string card_;  // As last shown.
};

// Markdown made plain for a terminal: marks of emphasis, escapes and markers go, two-column tables
// become aligned lines.
[[nodiscard]] std::string plain_lines(std::string_view markdown);

}  // namespace chaos
