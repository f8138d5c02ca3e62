// What a person may ask for on an incident's issue. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "incident/incident.h"

namespace incident {

// Beside a service's own container. The warden has the same bound of its own and trusts no other.
inline constexpr int kReplicasMax = 5;

// Of each configured service, those it depends on directly.
using Dependencies = std::map<std::string, std::vector<std::string>>;

// The configured ones among: the incident's own service, its diagnosed culprit, and what either
// depends on, directly or not.
[[nodiscard]] std::set<std::string> restartable(const Incident& incident,
                                                const Dependencies& services);
// Why this one may not be; empty when it may. In words for the person who asked.
[[nodiscard]] std::string objection_to_restart(const Incident& incident, const std::string& service,
                                               const Dependencies& services);

// Why the incident's last action cannot be taken back; empty when it can.
[[nodiscard]] std::string objection_to_rollback(const Incident& incident);

// Why a service cannot be scaled as asked; empty when it can. `is_balanced`: something sends
// requests to its replicas.
[[nodiscard]] std::string objection_to_scale(const AskedAction& asked, bool is_configured,
                                             bool is_balanced);

}  // namespace incident
