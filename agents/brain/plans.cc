#include "agents/brain/plans.h"

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "agents/brain/verdict.h"
#include "base/hash.h"
#include "incident/asked.h"

namespace brain {
namespace {

using incident::Action;
using incident::DiagnosisMade;
using incident::FailureClass;
using incident::Incident;
using incident::MenuEntry;
using runbook::Runbook;
using runbook::Step;
using runbook::StepKind;

constexpr double kAskRank = 0.5;  // Of asking a person, which is always possible.

// How often this action healed remembered incidents of this class. The matches are at most a
// handful; where the recommendation of the memory is of this class too, its count is the fuller
// one.
std::pair<int, int> remembered(const Incident& incident, FailureClass failure, Action action) {
  if (!incident.recalled) return {0, 0};
  int worked = 0, tried = 0;
  for (const auto& match : incident.recalled->matches) {
    if (match.failure != incident::to_string(failure) ||
        match.action != incident::to_string(action))
      continue;
    ++tried;
    worked += match.proven ? 1 : 0;
  }
  const bool fuller = worked > 0 && incident.recalled->action == incident::to_string(action) &&
                      incident.recalled->tried > tried;
  return fuller ? std::pair{incident.recalled->worked, incident.recalled->tried}
                : std::pair{worked, tried};
}

// What memory adds to a score: up to a tenth more when it always worked, as much less when it never
// did, all of it from three tries on. It reorders the menu; the guards look at the rule's
// confidence, which memory never touches.
double lift_of(const MenuEntry& entry) {
  if (entry.tried == 0) return 0;
  const double rate = static_cast<double>(entry.worked) / entry.tried;
  return (rate - 0.5) * 0.2 * std::min(entry.tried, 3) / 3;
}

std::string lift_in_words(const MenuEntry& entry) {
  if (entry.tried == 0) return "";
  const double lift = lift_of(entry);
  const std::string effect = lift > 0   ? ", which lifts its rank"
                             : lift < 0 ? ", which lowers its rank"
                                        : "";
  return " Seen before: it worked " + std::to_string(entry.worked) + " of " +
         std::to_string(entry.tried) + (entry.tried == 1 ? " time" : " times") + effect + ".";
}

constexpr std::int64_t kMegabyte = 1024 * 1024;

// "512MiB", "2GiB", "1536"; lint knows them to be well-formed.
std::int64_t bytes_of(const std::string& quantity) {
  const auto unit = quantity.find_first_not_of("0123456789.");
  const double number = std::strtod(quantity.c_str(), nullptr);
  if (unit == std::string::npos) return static_cast<std::int64_t>(number);
  const char size = quantity[unit];
  const std::int64_t factor = size == 'G' ? 1024 * kMegabyte : size == 'M' ? kMegabyte : 1024;
  return static_cast<std::int64_t>(number * static_cast<double>(factor));
}

// The container as the incident's own operations have left it.
struct Place {
  std::string container, started_at;
};
Place place_of(const Incident& incident) {
  Place place{incident.signal.container, incident.signal.started_at};
  for (const auto& attempt : incident.attempts) {
    if (attempt.state != incident::OperationState::done || attempt.started_at.empty()) continue;
    if (attempt.intent.service != incident.signal.service) continue;
    place = {attempt.container.empty() ? attempt.intent.container : attempt.container,
             attempt.started_at};
  }
  return place;
}

// The new value, in whole megabytes and within the step's and the service's bounds; no field where
// that is no change, or the configuration names no file for it.
incident::Change limit_of(const Findings& findings, const Step& step) {
  const auto* service = config::find_service(findings.config, findings.incident.signal.service);
  const std::int64_t from = findings.incident.signal.memory_limit_bytes;
  const bool has_place = service != nullptr && service->gitops;
  if (step.field != runbook::Field::memory_limit || !has_place || from <= 0) return {};
  std::int64_t most = service->bounds.memory_max_bytes;
  if (!step.most.empty()) most = std::min(most, bytes_of(step.most));
  const auto wanted = static_cast<std::int64_t>(static_cast<double>(from) * step.times);
  const std::int64_t to = std::min(wanted, most) / kMegabyte * kMegabyte;
  const bool grows = step.times > 1 ? to > from : to < from;
  if (!grows || to < service->bounds.memory_min_bytes) return {};
  return {"memory_limit", from, to};
}

// The number of replicas; no field where that is no change, or nothing would send them requests.
incident::Change replicas_of(const Findings& findings, const Step& step) {
  const Incident& incident = findings.incident;
  if (!config::is_balanced(findings.config, incident.signal.service)) return {};
  std::int64_t from = incident.signal.replicas;
  for (const auto& attempt : incident.attempts) {
    const auto& change = attempt.intent.change;
    if (attempt.state == incident::OperationState::done && change.field == "replicas")
      from = change.to;
  }
  const std::int64_t most =
      step.at_most == 0 ? incident::kReplicasMax : std::min(step.at_most, incident::kReplicasMax);
  const std::int64_t to = step.kind == StepKind::scale_up
                              ? std::min(from + step.by, most)
                              : std::max<std::int64_t>(from - step.by, step.at_most);
  const bool changes = step.kind == StepKind::scale_up ? to > from : to < from;
  return changes ? incident::Change{"replicas", from, to} : incident::Change{};
}

incident::Change change_of(const Findings& findings, const Step& step) {
  if (step.kind == StepKind::pull_request) return limit_of(findings, step);
  const bool scales = step.kind == StepKind::scale_up || step.kind == StepKind::scale_down;
  return scales ? replicas_of(findings, step) : incident::Change{};
}

// How the container was made before the deploy that made it sick; empty: not known.
std::string snapshot_before(const Findings& findings) {
  const auto* deploy = suspect_deploy(findings);
  const auto& attempts = findings.incident.attempts;
  const bool is_done = std::any_of(attempts.begin(), attempts.end(), [](const auto& attempt) {
    return attempt.intent.action == Action::rollback &&
           attempt.state == incident::OperationState::done;
  });
  return deploy == nullptr || !deploy->is_seen || is_done ? "" : deploy->before.snapshot;
}

// The commit to be reverted: the one that made it sick, or that of our own change which did not
// help; empty: none is known, or the configuration names no place in git for it.
std::string commit_of(const Findings& findings, const DiagnosisMade& diagnosis) {
  const Incident& incident = findings.incident;
  const auto* service = config::find_service(findings.config, incident.signal.service);
  if (service == nullptr || !service->gitops) return "";
  // Who deployed it may have told only after the rollback.
  const auto* deploy = suspect_deploy(findings);
  std::string commit =
      deploy == nullptr || !diagnosis.commit.empty() ? diagnosis.commit : deploy->after.commit;
  for (const auto& attempt : incident.attempts) {
    if (attempt.intent.action == Action::revert_config) return "";  // Asked for once.
    if (attempt.intent.action == Action::pull_request && !attempt.merged.empty())
      commit = attempt.merged;
  }
  return commit;
}

// The configuration and the record give the means to carry this out.
bool has_means(const Findings& findings, const DiagnosisMade& diagnosis, const Step& step) {
  const bool is_there = !findings.incident.signal.container.empty();
  switch (step.kind) {
    case StepKind::restart:
      return is_there;
    case StepKind::escalate:
    case StepKind::noop:
      return true;
    case StepKind::pull_request:
      return !change_of(findings, step).field.empty();
    case StepKind::scale_up:
    case StepKind::scale_down:
      return is_there && !change_of(findings, step).field.empty();
    case StepKind::rollback:
      return is_there && !snapshot_before(findings).empty();
    case StepKind::revert_config:
      return !commit_of(findings, diagnosis).empty();
    case StepKind::clear_queue: {
      const auto* service = config::find_service(findings.config, findings.incident.signal.service);
      return is_there && service != nullptr && service->clear_queue;
    }
    case StepKind::notify:
    case StepKind::wait:
    case StepKind::verify:
      return false;
  }
  return false;
}

runbook::Situation situation_of(const Findings& findings, const DiagnosisMade& diagnosis) {
  runbook::Situation situation;
  situation.failure = diagnosis.failure;
  situation.service = findings.incident.signal.service;
  situation.engine_restarts = findings.incident.signal.engine_restarts;
  situation.occurrences = [&findings, failure = diagnosis.failure](base::Duration within) {
    return earlier(findings, failure, std::chrono::duration_cast<base::Millis>(within)) + 1;
  };
  situation.possible = [&findings, &diagnosis](const Step& step) {
    return has_means(findings, diagnosis, step);
  };
  return situation;
}

// Whether the commit is known may turn out while the rollback is being proven.
bool may_go_on(const Findings& findings, const DiagnosisMade& diagnosis, const Position& position) {
  auto situation = situation_of(findings, diagnosis);
  const auto* service = config::find_service(findings.config, findings.incident.signal.service);
  const auto& steps = position.runbook->steps;
  const bool rolls_back = steps[static_cast<std::size_t>(position.step)].kind == StepKind::rollback;
  if (rolls_back && service != nullptr && service->gitops) {
    situation.possible = [possible = situation.possible](const Step& step) {
      return step.kind == StepKind::revert_config || possible(step);
    };
  }
  return runbook::next_action(*position.runbook, position.step + 1, situation) >= 0;
}

// Why the step before this one is not what happened; empty when it did.
std::string cause_of(const Incident& incident) {
  if (incident.attempts.empty() || !incident.plan) return "";
  const auto& last = incident.attempts.back();
  const bool is_failed =
      last.state == incident::OperationState::failed && last.intent.plan == incident.plan->hash;
  if (!is_failed) return "";
  return " Before it, " + std::string(incident::to_string(last.intent.action)) +
         " was not possible: " + last.error + ".";
}

// What stands in the runbook between this action and the next one belongs to it; what it says to
// people before it, too.
void take_neighbours(MenuEntry& entry, const Runbook& runbook) {
  const auto at = static_cast<std::size_t>(entry.step);
  for (std::size_t i = at + 1; i < runbook.steps.size(); ++i) {
    const Step& step = runbook.steps[i];
    if (step.kind == StepKind::wait || step.kind == StepKind::verify) entry.soak += step.time;
    if (step.kind == StepKind::verify || runbook::action_of(step.kind)) break;
  }
  for (std::size_t i = at; i-- > 0 && !runbook::action_of(runbook.steps[i].kind);) {
    if (runbook.steps[i].kind == StepKind::notify)
      entry.reason = runbook.steps[i].text + " " + entry.reason;
  }
}

MenuEntry entry_of(const Findings& findings, const DiagnosisMade& diagnosis,
                   const Position& position) {
  const Runbook& runbook = *position.runbook;
  const Step& step = runbook.steps[static_cast<std::size_t>(position.step)];
  const Incident& incident = findings.incident;
  MenuEntry entry;
  entry.action = *runbook::action_of(step.kind);
  entry.service = incident.signal.service;
  entry.risk = runbook.risk;
  entry.undo = step.kind == StepKind::restart
                   ? "none needed: image and configuration stay as they are"
                   : runbook.undo;
  entry.reason = step.text.empty() ? runbook.reason : step.text;
  entry.runbook = runbook.name;
  entry.step = position.step;
  entry.on_failure = runbook.on_failure;
  entry.more = may_go_on(findings, diagnosis, position);
  entry.change = change_of(findings, step);
  if (step.kind == StepKind::rollback) entry.snapshot = snapshot_before(findings);
  if (step.kind == StepKind::revert_config) entry.commit = commit_of(findings, diagnosis);
  if (runbook::is_change(step.kind)) {
    const auto place = place_of(incident);
    entry.container = place.container;
    entry.seen_started_at = place.started_at;
    std::tie(entry.worked, entry.tried) = remembered(incident, diagnosis.failure, entry.action);
    entry.reason += lift_in_words(entry);
  }
  take_neighbours(entry, runbook);
  entry.reason += cause_of(incident);
  return entry;
}

MenuEntry person_entry(const Findings& findings, FailureClass failure) {
  MenuEntry entry;
  entry.action = Action::escalate;
  entry.service = findings.incident.signal.service;
  entry.risk = "low";
  entry.undo = "none needed";
  entry.reason = failure == FailureClass::unknown ? "The cause is not known: a person has to look."
                                                  : "A person decides.";
  return entry;
}

}  // namespace

std::optional<Position> find_position(const Findings& findings, const DiagnosisMade& diagnosis,
                                      const runbook::Catalogue& catalogue) {
  const Incident& incident = findings.incident;
  if (!incident.plan || incident.plan->menu.front().runbook.empty()) return std::nullopt;
  const MenuEntry& entry = incident.plan->menu.front();
  const auto situation = situation_of(findings, diagnosis);
  const auto from = [&](const std::string& name, int step) -> std::optional<Position> {
    const Runbook* runbook = runbook::find(catalogue, name);
    const int next = runbook == nullptr ? -1 : runbook::next_action(*runbook, step, situation);
    return next < 0 ? std::nullopt : std::optional(Position{runbook, next});
  };
  if (incident.passed && entry.more) return from(entry.runbook, entry.step + 1);
  if (incident::is_disproven(incident) && !entry.on_failure.empty())
    return from(entry.on_failure, 0);
  // The plan grew too old: what is under way goes on where it stood.
  const Runbook* runbook = runbook::find(catalogue, entry.runbook);
  const bool is_under_way = entry.step > 0 || (runbook != nullptr && !runbook->when);
  if (incident.refused && incident.refused->retry && is_under_way)
    return from(entry.runbook, entry.step);
  return std::nullopt;
}

base::Duration wait_before(const Position& position) {
  base::Duration wait{0};
  for (int i = position.step - 1; i >= 0; --i) {
    const Step& step = position.runbook->steps[static_cast<std::size_t>(i)];
    if (runbook::action_of(step.kind) || step.kind == StepKind::verify) break;
    if (step.kind == StepKind::wait) wait += step.time;
  }
  return wait;
}

incident::PlanMade make_plan(const Findings& findings, const DiagnosisMade& diagnosis,
                             int generation, const runbook::Catalogue& catalogue,
                             std::optional<Position> position) {
  const auto situation = situation_of(findings, diagnosis);
  std::vector<std::pair<double, MenuEntry>> ranked;
  const auto add = [&](const Position& at) {
    auto entry = entry_of(findings, diagnosis, at);
    const double rank = at.runbook->rank + lift_of(entry);
    ranked.emplace_back(rank, std::move(entry));
  };
  if (position) {
    add(*position);
  } else {
    for (const auto* runbook : runbook::choose(catalogue, situation))
      add({runbook, runbook::next_action(*runbook, 0, situation)});
  }
  const bool asks = std::any_of(ranked.begin(), ranked.end(), [](const auto& item) {
    return item.second.action == Action::escalate;
  });
  if (!asks)
    ranked.emplace_back(position ? -1 : kAskRank, person_entry(findings, diagnosis.failure));
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  incident::PlanMade plan;
  plan.generation = generation;
  plan.expires =
      findings.now + std::chrono::duration_cast<base::Millis>(findings.config.limits.plan_age_max);
  for (auto& [rank, entry] : ranked) plan.menu.push_back(std::move(entry));
  seal(plan, findings.incident.id);
  return plan;
}

void seal(incident::PlanMade& plan, incident::IncidentId incident) {
  std::string text = std::to_string(incident) + ":" + std::to_string(plan.generation);
  int number = 0;
  for (auto& entry : plan.menu) {
    entry.id = "A" + std::to_string(++number);
    text += "|" + std::string(incident::to_string(entry.action)) + " " + entry.container + " " +
            entry.seen_started_at;
    if (const auto& change = entry.change; !change.field.empty())
      text +=
          " " + change.field + " " + std::to_string(change.from) + " " + std::to_string(change.to);
    for (const auto* what : {&entry.snapshot, &entry.commit})
      text += what->empty() ? "" : " " + *what;
  }
  plan.hash = base::sha256_hex(text).substr(0, 8);
}

}  // namespace brain
