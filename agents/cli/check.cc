#include "agents/cli/check.h"

#include <algorithm>

#include "base/text.h"

namespace cli {

std::string_view to_string(CheckStatus status) {
  switch (status) {
    case CheckStatus::ok:
      return "ok";
    case CheckStatus::warn:
      return "warn";
    case CheckStatus::fail:
      return "fail";
  }
  return "fail";
}

bool has_failed(const std::vector<Check>& checks) {
  return std::any_of(checks.begin(), checks.end(),
                     [](const Check& check) { return check.status == CheckStatus::fail; });
}

std::string format_checks(const std::vector<Check>& checks) {
  std::size_t width = 0;
  for (const auto& check : checks) width = std::max(width, check.name.size());
  const std::string indent(6 + width + 2, ' ');
  std::string out;
  int warnings = 0, failures = 0;
  for (const auto& check : checks) {
    warnings += check.status == CheckStatus::warn ? 1 : 0;
    failures += check.status == CheckStatus::fail ? 1 : 0;
    std::string status(to_string(check.status));
    status.resize(6, ' ');
    std::string name = check.name;
    name.resize(width + 2, ' ');
    out += status + name;
    bool first = true;
    for (const auto line : base::split(check.detail, '\n')) {
      out += (first ? "" : indent) + std::string(line) + "\n";
      first = false;
    }
    if (!check.hint.empty()) out += indent + "→ " + check.hint + "\n";
  }
  return out + "\n" + std::to_string(checks.size()) + " checks: " + std::to_string(failures) +
         " failed, " + std::to_string(warnings) + " warned\n";
}

}  // namespace cli
