#include "agents/memory/memory_role.h"

namespace memory_role {
namespace {

constexpr base::Duration kRetry = std::chrono::seconds(1);

}  // namespace

std::string key_of(const Request& request) {
  if (const auto* recall = std::get_if<RecallFor>(&request)) return "recall:" + std::to_string(recall->incident);
  return "remember:" + std::to_string(std::get<Remember>(request).past.incident);
}

memory::Symptom symptom_of(const incident::Incident& incident) {
  const auto& signal = incident.signal;
  memory::Symptom symptom;
  symptom.service = signal.service;
  symptom.kind = std::string(incident::to_string(signal.kind));
  symptom.exit_code = signal.exit_code;
  symptom.oom_killed = signal.oom_killed;
  if (!signal.probe.empty()) symptom.probe_error = signal.probe + " " + symptom.kind;
  symptom.image = signal.image;
  return symptom;
}

memory::Case case_of(const incident::Incident& incident) {
  memory::Case past;
  past.incident = incident.id;
  past.issue = incident.issue;
  past.failure_class = incident.diagnosis ? std::string(incident::to_string(incident.diagnosis->failure)) : "unknown";
  past.action = incident.attempts.empty() ? "noop" : std::string(incident::to_string(incident.attempts.back().intent.action));
  past.proven = incident.outcome && incident.outcome->proven;
  past.symptom = symptom_of(incident);
  const auto resolved = incident.reached.find("resolved");
  past.resolved_at = resolved != incident.reached.end() ? resolved->second.at : incident.reached.at("opened").at;
  return past;
}

void MemoryRole::absorb(const ledger::Record& record, base::Now) { book_.absorb(record.event); }

void MemoryRole::absorb(const Answer& answer, base::Now now) {
  if (const auto* recalled = std::get_if<Recalled>(&answer)) recalled_[recalled->incident] = recalled->what;
  if (const auto* remembered = std::get_if<Remembered>(&answer)) {
    if (remembered->status) remembered_.insert(remembered->incident);
    else retry_after_[remembered->incident] = now.boot + kRetry;
  }
}

role::Output<Request> MemoryRole::decide(const role::View& view) {
  role::Output<Request> output;
  // After a start the store is compared with the ledger: remembering an equal case changes nothing.
  for (const auto& [id, entry] : book_.entries()) {
    if (checked_) break;
    if (entry.incident.indexed) output.ask(Remember{case_of(entry.incident)});
  }
  checked_ = true;
  for (const auto id : book_.live()) {
    const auto& incident = *book_.find(id);
    role::Drafter drafter(book_, incident::Role::memory, random_, view.now);
    if (!incident.recalled && !incident::is_over(incident.state)) {
      const auto found = recalled_.find(id);
      if (found == recalled_.end()) output.ask(RecallFor{id, symptom_of(incident)});
      else drafter.add(id, found->second);
    }
    if (incident::is_due(incident, incident::Command::index)) {
      const auto past = case_of(incident);
      if (remembered_.contains(id)) drafter.add(id, incident::MemoryIndexed{past.failure_class, past.action, past.proven});
      else if (view.now.boot >= retry_after_[id]) output.ask(Remember{past});
      else output.wake_by(retry_after_[id]);
    }
    auto drafts = drafter.take();
    if (!drafts.empty()) output.units.push_back({std::move(drafts), {}, {}});
  }
  std::erase_if(recalled_, [&](const auto& item) { return !book_.live().contains(item.first) || book_.find(item.first)->recalled; });
  return output;
}

}  // namespace memory_role
