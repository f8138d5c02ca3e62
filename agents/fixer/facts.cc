#include "agents/fixer/facts.h"

#include <algorithm>
#include <set>

#include "policy/maintenance.h"

namespace fixer {
namespace {

using incident::Action;
using incident::Incident;
using incident::State;

constexpr base::Duration kEscalatedFresh =
    std::chrono::minutes(10);  // So long an escalated service counts as red.
constexpr base::Duration kDay = std::chrono::hours(24);

// The services with trouble of their own: joined incidents follow from another's, and one that
// waits for a person since long says nothing of a failure now.
std::set<std::string> red_services(const incident::Book& book, base::WallTime now) {
  std::set<std::string> red;
  for (const auto id : book.live()) {
    const Incident& incident = *book.find(id);
    const bool lately = incident.state == State::escalated &&
                        now - incident.reached.at("opened").at < kEscalatedFresh;
    if (incident::is_word(incident)) continue;
    if (!incident::is_over(incident.state) || lately) red.insert(incident.signal.service);
  }
  return red;
}

// Scout reports a symptom that goes on every few seconds.
base::WallTime last_signal(const incident::Book::Entry& entry) {
  const auto last = std::find_if(entry.events.rbegin(), entry.events.rend(), [](const auto& event) {
    return std::holds_alternative<incident::SignalAdded>(event.what) ||
           std::holds_alternative<incident::IncidentOpened>(event.what);
  });
  return last->at;
}

// The switch, the configuration, the lease.
void add_standing(const Incident& incident, const Known& known, policy::Facts& facts) {
  const auto& stop = known.book.stop();
  facts.stopped = known.stop_file || stop.has_value();
  facts.stop_reason = stop ? stop->reason + " (by " + stop->by + ")" : "the stop file exists";
  const auto& target = incident.plan->menu.front().service;
  if (const auto* service = config::find_service(known.config, target)) {
    facts.mode = config::mode_of(known.config, *service);
    facts.is_protected = service->protect;
  }
  const auto& exclude = known.config.exclude;
  facts.excluded = std::any_of(exclude.begin(), exclude.end(), [&](const auto& name) {
    return name == target || name == incident.signal.container_name;
  });
  const auto& windows = known.config.maintenance;
  facts.maintenance = policy::frozen_by(windows, target, facts.now.wall);
  if (!facts.maintenance.empty()) facts.thaws = policy::thaws_at(windows, target, facts.now.wall);
  const auto& stateful = known.config.stateful_images;
  facts.is_stateful =
      known.history.keeps_data(target) ||
      std::find(stateful.begin(), stateful.end(), known.history.image(target)) != stateful.end();
  facts.second_approval = known.config.github.second_approval;
  if (known.lease) facts.leased_until = known.lease->expires;
}

// A service that the target calls and that has no good probe since its trouble began.
void add_dependency(const config::Service& target, const Known& known, policy::Facts& facts) {
  for (const auto& needed : target.depends_on) {
    for (const auto id : known.book.live()) {
      const Incident& other = *known.book.find(id);
      if (other.signal.service != needed || other.first_good || incident::is_word(other)) continue;
      const bool waits = other.state == State::escalated;
      if (incident::is_over(other.state) && !waits) continue;
      facts.sick_dependency = needed;
      facts.dependency_waits = waits;
      if (waits) return;
    }
  }
}

void add_health(const Incident& incident, const Known& known, policy::Facts& facts) {
  const auto& target = incident.plan->menu.front().service;
  const auto red = red_services(known.book, facts.now.wall);
  facts.services = facts.containers = static_cast<int>(known.config.services.size());
  for (const auto& service : known.config.services)
    facts.containers += known.history.replicas(service.name);
  facts.red_services = static_cast<int>(red.size());
  facts.target_is_healthy = incident.signal.service != target && !red.contains(target) &&
                            (!incident.diagnosis || incident.diagnosis->culprit != target);
  facts.healthy_replicas = known.history.replicas(target) + (facts.target_is_healthy ? 1 : 0);
  const auto& change = incident.plan->menu.front().change;
  if (change.field == "replicas") facts.replicas_added = static_cast<int>(change.to - change.from);
  facts.flap = policy::flap_of(known.history.troubles(target), known.config.limits, facts.now.wall);
  facts.deployed = known.history.deployed(target);
  if (const auto* service = config::find_service(known.config, target))
    add_dependency(*service, known, facts);
}

void add_actions(const Incident& incident, const Known& known, policy::Facts& facts) {
  const auto& choice = incident.plan->menu.front();
  std::set<std::string> touched;
  facts.all_actions.reserve(known.history.actions().size());
  for (const auto& action : known.history.actions()) {
    const auto since = facts.now.wall - action.at;
    if (action.is_void || since > kDay) continue;
    if (incident::is_pull(action.action)) {
      ++facts.pull_requests_today;
      continue;
    }
    facts.all_actions.push_back(action.at);
    if (since < std::chrono::hours(1)) touched.insert(action.service);
    if (action.service != choice.service) continue;
    facts.service_actions.push_back(action.at);
    if (action.action == Action::restart && since < known.config.limits.flap_window)
      ++facts.own_restarts;
  }
  facts.target_touched = touched.contains(choice.service);
  facts.touched = static_cast<int>(touched.size()) - (facts.target_touched ? 1 : 0);
  facts.fruitless = known.history.fruitless(choice.service, choice.action);
  for (auto* times : {&facts.all_actions, &facts.service_actions}) {  // The clock may have jumped.
    if (!std::is_sorted(times->begin(), times->end())) std::sort(times->begin(), times->end());
  }
}

// An operation of it may be happening: what waits for a merge, or for somebody's deploy, is none.
bool is_at_engine(const Incident& incident, const config::Config& config) {
  if (incident.state != State::acting || incident::waits_for_pull(incident)) return false;
  const auto& last = incident.attempts.back();
  if (last.state == incident::OperationState::done) return true;
  const auto* service = config::find_service(config, last.intent.service);
  const bool by_workflow = service != nullptr && service->gitops &&
                           service->gitops->deploy == config::Gitops::Deploy::workflow;
  return last.intent.action != Action::revert_config &&
         !(last.intent.action == Action::pull_request && by_workflow);
}

// What is under way elsewhere.
void add_traffic(const Incident& incident, const Known& known, policy::Facts& facts) {
  const auto& target = incident.plan->menu.front().service;
  facts.another_in_flight = known.is_acting;
  for (const auto id : known.book.live()) {
    const Incident& other = *known.book.find(id);
    if (id != incident.id && is_at_engine(other, known.config)) facts.another_in_flight = true;
    if (other.attempts.empty()) continue;
    const auto& last = other.attempts.back();
    const bool proposes = incident::is_pull(last.intent.action) && last.intent.service == target &&
                          last.state != incident::OperationState::failed;
    // One that a person has to merge is open although its incident is theirs by now.
    const bool waits = last.pull && last.merged.empty() && last.closed.empty();
    if (proposes && (waits || !incident::is_over(other.state))) ++facts.open_pull_requests;
  }
}

}  // namespace

policy::Facts facts_of(const Incident& incident, const Known& known) {
  policy::Facts facts;
  facts.now = known.now;
  facts.host_cpu_percent = known.host_cpu_percent;
  facts.host_memory_percent = known.host_memory_percent;
  const auto kind = incident.signal.kind;
  if (!incident::is_death(kind) && kind != incident::SignalKind::deploy_failed)
    facts.symptom_at = last_signal(known.book.entries().at(incident.id));
  add_standing(incident, known, facts);
  add_health(incident, known, facts);
  add_actions(incident, known, facts);
  add_traffic(incident, known, facts);
  return facts;
}

}  // namespace fixer
