#include "agents/brain/asked.h"

#include <algorithm>

#include "agents/brain/plans.h"
#include "incident/asked.h"

namespace brain {

using incident::Action;
using incident::Incident;
using incident::MenuEntry;

namespace {

std::string in_words(const incident::AskedAction& asked) {
  if (asked.action == Action::restart) return "restart of " + asked.service;
  if (asked.action == Action::rollback) return "rollback of " + asked.service;
  return "change of " + asked.service + " to " + std::to_string(asked.count) + " replicas";
}

// As it was before the incident's last change.
void take_back(const Incident& incident, const Target& target, MenuEntry& entry) {
  const auto& last = *incident::last_undoable(incident);
  entry.risk = "medium";
  entry.undo = "the same once more: what is there now is kept";
  const auto& change = last.intent.change;
  if (change.field == "replicas") {
    entry.action = change.to > change.from ? Action::scale_down : Action::scale_up;
    entry.change = {change.field, target.replicas, change.from};
  } else {
    entry.action = Action::rollback;
    entry.snapshot = last.snapshot;
  }
}

void scale(const incident::AskedAction& asked, const Target& target, MenuEntry& entry) {
  entry.action = asked.count < target.replicas ? Action::scale_down : Action::scale_up;
  entry.change = {"replicas", target.replicas, asked.count};
  entry.risk = "low";
  entry.undo = "back to " + std::to_string(target.replicas) + " replicas";
}

}  // namespace

std::string objection_of(const Incident& incident, const config::Config& config) {
  const auto& asked = *incident.action_asked;
  if (asked.action == Action::rollback) return incident::objection_to_rollback(incident);
  if (asked.action == Action::scale_up)
    return incident::objection_to_scale(asked,
                                        config::find_service(config, asked.service) != nullptr,
                                        config::is_balanced(config, asked.service));
  incident::Dependencies services;
  for (const auto& service : config.services) services[service.name] = service.depends_on;
  return incident::objection_to_restart(incident, asked.service, services);
}

incident::PlanMade make_asked_plan(const Incident& incident, const base::Result<Target>& target,
                                   const config::Config& config, base::WallTime now) {
  const auto& asked = *incident.action_asked;
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
  const std::string wish =
      "The " + in_words(asked) + " that " + asked.by + " asked for is not possible";
  if (const auto objection = objection_of(incident, config); !objection.empty()) {
    escalate.reason = wish + ": " + objection;
  } else if (!target) {
    escalate.reason = wish + ", its container cannot be looked at: " + target.error().message;
  } else if (asked.action == Action::scale_up && asked.count == target->replicas) {
    escalate.reason = wish + ": it has as many already";
  } else {
    MenuEntry entry;
    entry.action = Action::restart;
    entry.service = asked.service;
    entry.container = target->container;
    entry.seen_started_at = target->started_at;
    entry.risk = "medium";
    entry.undo = "none needed: image and configuration stay as they are";
    entry.reason = "asked by " + asked.by;
    if (asked.action == Action::rollback) take_back(incident, *target, entry);
    if (asked.action == Action::scale_up) scale(asked, *target, entry);
    plan.menu.push_back(std::move(entry));
  }
  plan.menu.push_back(std::move(escalate));
  seal(plan, incident.id);
  return plan;
}

}  // namespace brain
