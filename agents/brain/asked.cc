#include "agents/brain/asked.h"

#include <algorithm>

#include "agents/brain/plans.h"
#include "incident/asked.h"

namespace brain {

using incident::Action;
using incident::Incident;
using incident::MenuEntry;

std::string objection_of(const Incident& incident, const config::Config& config) {
  incident::Dependencies services;
  for (const auto& service : config.services) services[service.name] = service.depends_on;
  return incident::objection_to_restart(incident, incident.restart_asked->service, services);
}

incident::PlanMade make_asked_plan(const Incident& incident, const base::Result<Target>& target,
                                   const config::Config& config, base::WallTime now) {
  const auto& asked = *incident.restart_asked;
  incident::PlanMade plan;
  plan.generation = incident.plan ? incident.plan->generation + 1 : 1;
  plan.asked_by = asked.by;
  plan.expires =
      std::min(now + std::chrono::duration_cast<base::Millis>(config.limits.plan_age_max),
               asked.at + incident::kAskedFresh);
  MenuEntry escalate;
  escalate.action = Action::escalate;
  escalate.service = incident.signal.service;
  escalate.risk = "low";
  escalate.undo = "none needed";
  escalate.reason = "A person decides.";
  if (const auto objection = objection_of(incident, config); !objection.empty()) {
    escalate.reason = "The restart that " + asked.by + " asked for is not possible: " + objection;
  } else if (!target) {
    escalate.reason =
        "The restart of " + asked.service + " that " + asked.by +
        " asked for is not possible, its container cannot be looked at: " + target.error().message;
  } else {
    MenuEntry restart;
    restart.action = Action::restart;
    restart.service = asked.service;
    restart.container = target->container;
    restart.seen_started_at = target->started_at;
    restart.risk = "medium";
    restart.undo = "none needed: image and configuration stay as they are";
    restart.reason = "asked by " + asked.by;
    plan.menu.push_back(std::move(restart));
  }
  plan.menu.push_back(std::move(escalate));
  seal(plan, incident.id);
  return plan;
}

}  // namespace brain
