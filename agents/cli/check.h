// One finding of `sre-space doctor`, and how a list of them is shown. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli {

enum class CheckStatus { ok, warn, fail };  // warn: works, but a person should know.
[[nodiscard]] std::string_view to_string(CheckStatus status);

struct Check {
  std::string name;  // What was looked at: "engine", "service policy-service".
  CheckStatus status = CheckStatus::ok;
  std::string detail;  // What was found; may have several lines.
  std::string hint;    // What to do about it; empty when nothing is to be done.

  bool operator==(const Check&) const = default;
};

[[nodiscard]] bool has_failed(const std::vector<Check>& checks);
// A table for people: "fail  engine   unix:///…: no such file", hints below, a summary at the end.
[[nodiscard]] std::string format_checks(const std::vector<Check>& checks);
// {"ok":false,"checks":[{"name","status","detail","hint"}]}. Format: docs/formats/doctor.md.
[[nodiscard]] std::string encode_checks(const std::vector<Check>& checks);

}  // namespace cli
