// The rules that name a failure class from what was sensed. Pure: the same findings give the same
// diagnosis. What each rule looks at:
// docs/formats/rules.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "incident/deploys.h"
#include "incident/incident.h"
#include "telemetry/telemetry.h"

namespace brain {

// All that the rules may look at.
struct Findings {
  const incident::Incident& incident;
  const incident::Book& book;
  const config::Config& config;
  const incident::Deploys& deploys;
  std::optional<telemetry::Snapshot> snapshot;
  std::optional<std::vector<std::string>> log;  // Newest lines, oldest first.
  base::WallTime now;
  int restarts = 0;  // By the engine's policy lately, by the newest signal of the incident.
};

// Evidence in the order E1, E2, …; ids are stable for the same findings without the log, and the
// log comes last, so that it can be added later.
[[nodiscard]] std::vector<incident::Evidence> collect_evidence(const Findings& findings);
// Why an incident follows from its root: the symptom, the dependency, and the root's trouble.
[[nodiscard]] std::vector<incident::Evidence> collect_join_evidence(
    const incident::Incident& incident, const incident::Incident& root);
[[nodiscard]] incident::DiagnosisMade diagnose_join(const incident::Incident& incident,
                                                    const incident::Incident& root);
[[nodiscard]] incident::Evidence log_evidence(const std::vector<std::string>& lines,
                                              std::size_t number);

[[nodiscard]] incident::DiagnosisMade diagnose(const Findings& findings,
                                               const std::vector<incident::Evidence>& evidence);

// Earlier incidents of the same service and class that began within `time` before this one.
[[nodiscard]] int earlier(const Findings& findings, incident::FailureClass failure,
                          base::Millis time);

// The incident that explains this one: of a service it depends on, directly or not, and open or
// escalated, or proven healed only after this symptom began. nullptr: none.
[[nodiscard]] const incident::Incident* find_root(const incident::Incident& incident,
                                                  const incident::Book& book,
                                                  const config::Config& config);

// True when the class does not depend on what has not been read yet, so that acting need not wait.
[[nodiscard]] bool is_conclusive(const incident::Signal& signal);

}  // namespace brain
