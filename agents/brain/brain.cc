#include "agents/brain/brain.h"

#include <algorithm>

#include "agents/brain/verdict.h"

namespace brain {
namespace {

using incident::Incident;
using incident::State;

constexpr base::Duration kWaitForMemory =
    std::chrono::milliseconds(20);  // Memory never delays healing more.
constexpr base::Duration kWaitForReads =
    std::chrono::milliseconds(300);  // Snapshot and log, where they matter.
constexpr base::Duration kLogLate = std::chrono::seconds(30);  // Then the log is not worth having.

constexpr base::Duration kWaitForContainer =
    std::chrono::seconds(30);  // So long a warden may take to come back.
constexpr base::Duration kLookAgain = std::chrono::milliseconds(300);

bool has_log(const Incident& incident) {
  return std::any_of(incident.evidence.begin(), incident.evidence.end(),
                     [](const auto& item) { return item.kind == "log"; });
}

int generation_of(const Incident& incident) {
  return incident.plan ? incident.plan->generation + 1 : 1;
}

}  // namespace

std::string key_of(const Request& request) {
  if (const auto* read = std::get_if<ReadSnapshot>(&request)) return "snapshot:" + read->hash;
  if (const auto* read = std::get_if<ReadContainer>(&request))
    return "container:" + std::to_string(read->incident) + ":" + read->service;
  return "log:" + std::to_string(std::get<ReadLog>(request).incident);
}

Brain::Brain(const config::Config& config, base::Random& random, runbook::Catalogue catalogue)
    : config_(config), random_(random), catalogue_(std::move(catalogue)) {}

void Brain::absorb(const ledger::Record& record, base::Now) {
  book_.absorb(record.event);
  deploys_.absorb(record.event);
}

void Brain::absorb(const Answer& answer, base::Now now) {
  if (const auto* read = std::get_if<SnapshotRead>(&answer))
    snapshots_.insert_or_assign(read->hash, read->snapshot);
  if (const auto* read = std::get_if<LogRead>(&answer))
    logs_.insert_or_assign(read->incident, read->lines);
  if (const auto* read = std::get_if<ContainerRead>(&answer))
    containers_.insert_or_assign(read->incident, Seen{*read, now.boot});
}

role::Output<Request> Brain::decide(const role::View& view) {
  Output output;
  if (!started_) started_ = view.now.boot;
  for (const auto id : book_.live()) {
    const Incident& incident = *book_.find(id);
    if (incident::is_due(incident, incident::Command::diagnose))
      decide_diagnosis(incident, view, output);
    else if (incident::is_due(incident, incident::Command::plan_asked))
      decide_asked(incident, view, output);
    else
      decide_amendment(incident, view, output);
    if (incident::is_due(incident, incident::Command::write_postmortem))
      decide_postmortem(incident, view, output);
  }
  std::erase_if(snapshots_, [&](const auto& item) {
    return std::none_of(book_.live().begin(), book_.live().end(),
                        [&](auto id) { return book_.find(id)->snapshot == item.first; });
  });
  std::erase_if(containers_, [&](const auto& item) {  // The next wish looks for itself.
    return !book_.find(item.first)->action_asked;
  });
  std::erase_if(logs_, [&](const auto& item) { return !book_.live().contains(item.first); });
  return output;
}

Findings Brain::findings_of(const Incident& incident, base::WallTime now) const {
  Findings findings{incident, book_, config_, deploys_, {}, {}, now, 0};
  if (const auto found = snapshots_.find(incident.snapshot);
      found != snapshots_.end() && found->second)
    findings.snapshot = *found->second;
  if (const auto found = logs_.find(incident.id); found != logs_.end() && found->second)
    findings.log = *found->second;
  findings.restarts = incident.signal.restart_count;
  for (const auto& event : book_.entries().at(incident.id).events) {
    const auto* added = std::get_if<incident::SignalAdded>(&event.what);
    if (added != nullptr && added->signal.engine_restarts)
      findings.restarts = std::max(findings.restarts, added->signal.restart_count);
  }
  return findings;
}

bool Brain::is_ready(const Incident& incident, const role::View& view, Output& output) {
  // An opening "later than now" is of another boot of this machine.
  const auto opened = incident.reached.at("opened").boot > view.now.boot
                          ? *started_
                          : std::max(incident.reached.at("opened").boot, *started_);
  const bool need_snapshot = !incident.snapshot.empty() && !snapshots_.contains(incident.snapshot);
  const bool need_log = !incident.signal.container.empty() && !logs_.contains(incident.id);
  if (need_snapshot) output.ask(ReadSnapshot{incident.snapshot});
  if (need_log) output.ask(ReadLog{incident.id, incident.signal.container});
  const bool reads = need_snapshot || (need_log && !is_conclusive(incident.signal));
  if (reads && view.now.boot < opened + kWaitForReads)
    return output.wake_by(opened + kWaitForReads), false;
  if (!incident.recalled && view.now.boot < opened + kWaitForMemory)
    return output.wake_by(opened + kWaitForMemory), false;
  return true;
}

void Brain::decide_diagnosis(const Incident& incident, const role::View& view, Output& output) {
  role::Drafter drafter(book_, incident::Role::brain, random_, view.now);
  if (const auto* root = find_root(incident, book_, config_)) {
    drafter.add(incident.id, incident::EvidenceCollected{collect_join_evidence(incident, *root)});
    drafter.add(incident.id, diagnose_join(incident, *root));
    drafter.add(incident.id, incident::IncidentJoined{
                                 root->id, "Follows from incident " + std::to_string(root->id) +
                                               " of " + root->signal.service + "."});
    output.units.push_back({drafter.take(), {}, {}});
    return;
  }
  if (!is_ready(incident, view, output)) return;
  const auto findings = findings_of(incident, view.now.wall);
  if (decide_next_step(findings, view, output)) return;
  auto evidence = incident.evidence.empty() ? collect_evidence(findings) : incident.evidence;
  const auto diagnosis = diagnose(findings, evidence);  // Cites the evidence that is in the record.
  if (incident.evidence.empty())
    drafter.add(incident.id, incident::EvidenceCollected{std::move(evidence)});
  drafter.add(incident.id, diagnosis);
  if (diagnosis.failure != incident::FailureClass::nothing_wrong) {
    drafter.add(incident.id, make_plan(findings, diagnosis, generation_of(incident), catalogue_));
  }
  output.units.push_back({drafter.take(), {}, {}});
}

// The container is looked at anew: what the incident began with may have been started since.
void Brain::decide_asked(const Incident& incident, const role::View& view, Output& output) {
  const auto& service = incident.action_asked->service;
  base::Result<Target> target = base::Error{base::ErrorCode::not_found, "not looked for"};
  if (objection_of(incident, config_).empty()) {
    const auto read = containers_.find(incident.id);
    if (read == containers_.end() || read->second.read.service != service)
      return output.ask(ReadContainer{incident.id, service});
    target = read->second.read.target;
    // Nobody answered: that passes. A plan made in vain would hand the wish back.
    const bool passes = !target && target.error().code != base::ErrorCode::not_found;
    if (passes && view.now.wall - incident.action_asked->at < kWaitForContainer) {
      const auto again = read->second.at + kLookAgain;
      if (view.now.boot >= again) return output.ask(ReadContainer{incident.id, service});
      return output.wake_by(again);
    }
  }
  role::Drafter drafter(book_, incident::Role::brain, random_, view.now);
  drafter.add(incident.id, make_asked_plan(incident, target, config_, view.now.wall));
  output.units.push_back({drafter.take(), {}, {}});
}

// True when a runbook is under way: its next action needs a plan, and no new diagnosis.
bool Brain::decide_next_step(const Findings& findings, const role::View& view, Output& output) {
  const Incident& incident = findings.incident;
  if (!incident.diagnosis) return false;
  const auto position = find_position(findings, *incident.diagnosis, catalogue_);
  if (!position && incident.passed && incident.plan) return end_runbook(findings, view, output);
  if (!position) return false;
  const auto begin = proven_at(incident) + wait_before(*position);
  if (view.now.wall < begin) return output.wake_by(view.now.boot + (begin - view.now.wall)), true;
  role::Drafter drafter(book_, incident::Role::brain, random_, view.now);
  drafter.add(incident.id, make_plan(findings, *incident.diagnosis, generation_of(incident),
                                     catalogue_, position));
  output.units.push_back({drafter.take(), {}, {}});
  return true;
}

// What is proven stays so: a plan that offers nothing says that nothing follows.
bool Brain::end_runbook(const Findings& findings, const role::View& view, Output& output) {
  const Incident& incident = findings.incident;
  incident::PlanMade none;
  none.generation = generation_of(incident);
  none.expires = view.now.wall;
  seal(none, incident.id);
  role::Drafter drafter(book_, incident::Role::brain, random_, view.now);
  output.units.push_back({drafter.add(incident.id, std::move(none)).take(), {}, {}});
  return true;
}

// When the last proof ended.
base::WallTime Brain::proven_at(const Incident& incident) const {
  const auto& events = book_.entries().at(incident.id).events;
  const auto last = std::find_if(events.rbegin(), events.rend(), [](const auto& event) {
    return std::holds_alternative<incident::VerificationPassed>(event.what) ||
           std::holds_alternative<incident::VerificationFailed>(event.what);
  });
  return last == events.rend() ? base::WallTime{} : last->at;
}

// Healing did not wait for the log; it is added to the evidence when it comes.
void Brain::decide_amendment(const Incident& incident, const role::View& view, Output& output) {
  if (!incident.diagnosis || incident.evidence.empty() || incident.signal.container.empty()) return;
  add_report(incident, view, output);
  if (has_log(incident)) return;
  if (view.now.boot - incident.reached.at("opened").boot > kLogLate) return;
  const auto log = logs_.find(incident.id);
  if (log == logs_.end()) return output.ask(ReadLog{incident.id, incident.signal.container});
  if (!log->second || log->second->empty()) return;
  role::Drafter drafter(book_, incident::Role::brain, random_, view.now);
  drafter.add(incident.id, incident::EvidenceCollected{
                               {log_evidence(*log->second, incident.evidence.size() + 1)}});
  output.units.push_back({drafter.take(), {}, {}});
}

// Who deployed it tells of it later than it falls sick.
void Brain::add_report(const Incident& incident, const role::View& view, Output& output) {
  const auto* deploy = deploys_.of(incident.signal.service, incident.signal.container);
  if (deploy == nullptr || deploy->after.commit.empty()) return;
  const auto& commit = deploy->after.commit;
  const bool is_known =
      std::any_of(incident.evidence.begin(), incident.evidence.end(), [&](const auto& item) {
        return item.kind == "deploys" && item.text.find(commit) != std::string::npos;
      });
  if (is_known || !is_of_a_deploy(incident.diagnosis->failure)) return;
  const std::string text = "told since by who deployed it: " + describe(*deploy);
  role::Drafter drafter(book_, incident::Role::brain, random_, view.now);
  drafter.add(incident.id,
              incident::EvidenceCollected{
                  {{"E" + std::to_string(incident.evidence.size() + 1), "deploys", text, {}}}});
  output.units.push_back({drafter.take(), {}, {}});
}

void Brain::decide_postmortem(const Incident& incident, const role::View& view, Output& output) {
  if (!incident.outcome) return;
  role::Drafter drafter(book_, incident::Role::brain, random_, view.now);
  drafter.add(incident.id, incident::PostmortemWritten{write_postmortem(incident)});
  output.units.push_back({drafter.take(), {}, {}});
}

}  // namespace brain
