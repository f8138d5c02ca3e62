// What a person may ask for on an incident's issue. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "incident/incident.h"

namespace incident {

// Of each configured service, those it depends on directly.
using Dependencies = std::map<std::string, std::vector<std::string>>;

// The configured ones among: the incident's own service, its diagnosed culprit, and what either
// depends on, directly or not.
[[nodiscard]] std::set<std::string> restartable(const Incident& incident,
                                                const Dependencies& services);
// Why this one may not be; empty when it may. In words for the person who asked.
[[nodiscard]] std::string objection_to_restart(const Incident& incident, const std::string& service,
                                               const Dependencies& services);

// Why the incident's last action cannot be taken back; empty when it can. Whoever adds an action
// that has an undo adds it here, and its plan beside that of the restart (agents/brain/asked.h).
[[nodiscard]] std::string objection_to_rollback(const Incident& incident);

}  // namespace incident
