// Which services a person may have restarted on an incident's issue. Pure.
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

}  // namespace incident
