// An optional policy server beside the guards, in the manner of Open Policy Agent: it is asked when
// all guards let a plan pass, and can only veto. Plain values; the document:
// docs/formats/guards.md.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"

namespace policy {

struct Question {
  incident::IncidentId incident = 0;
  std::string service, failure, severity;  // Of the incident; words.
  double confidence = 0;
  std::string plan, asked_by;
  std::vector<std::string> approved_by;
  incident::MenuEntry choice;
  Facts facts;
};
// `incident` must have a plan with a menu.
[[nodiscard]] Question question_of(const incident::Incident& incident, const Facts& facts);

struct Opinion {
  bool allow = false;
  std::string reason;  // Why not.
};

}  // namespace policy
