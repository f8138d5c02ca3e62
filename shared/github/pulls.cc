#include "github/pulls.h"

namespace github {

std::string_view to_string(CheckState state) {
  switch (state) {
    case CheckState::pending:
      return "pending";
    case CheckState::green:
      return "green";
    case CheckState::red:
      return "red";
  }
  return "pending";
}

Verdict judge_checks(const std::vector<Check>& checks, const std::vector<std::string>& required) {
  const auto says = [](const std::string& name, std::string_view what) {
    return Verdict{false, "check " + name + " is " + std::string(what)};
  };
  for (const auto& name : required) {
    bool found = false;
    for (const auto& check : checks) {
      if (check.name != name) continue;
      if (check.state != CheckState::green) return says(name, to_string(check.state));
      found = true;
    }
    if (!found) return says(name, "missing");
  }
  if (!required.empty()) return {true, ""};
  for (const auto& check : checks) {
    if (check.state != CheckState::green) return says(check.name, to_string(check.state));
  }
  return {true, ""};
}

}  // namespace github
