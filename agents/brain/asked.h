// The plan of an action that a person asked for. Pure: no rule of the diagnosis has a
// word in it, and no text of the person but the name of a configured service.
#pragma once

#include "agents/brain/rules.h"
#include "base/result.h"

namespace brain {

// The service's container as it is now.
struct Target {
  std::string container;  // Full id.
  std::string started_at;
  int replicas = 0;  // Running beside it.
};

// Empty: the container may be looked up. Otherwise the plan hands the wish back for this reason.
[[nodiscard]] std::string objection_of(const incident::Incident& incident,
                                       const config::Config& config);
// First the action on exactly that container; where there is none, or an objection, the escalation
// alone. `incident` must have action_asked.
[[nodiscard]] incident::PlanMade make_asked_plan(const incident::Incident& incident,
                                                 const base::Result<Target>& target,
                                                 const config::Config& config, base::WallTime now);

}  // namespace brain
