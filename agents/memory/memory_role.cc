#include "agents/memory/memory_role.h"

namespace memory_role {
namespace {

constexpr base::Duration kRetry = std::chrono::seconds(1);

}  // namespace

std::string key_of(const Request& request) {
  if (const auto* recall = std::get_if<RecallFor>(&request))
    return "recall:" + std::to_string(recall->incident);
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
  past.failure_class = incident.diagnosis
                           ? std::string(incident::to_string(incident.diagnosis->failure))
                           : "unknown";
  // What was proven not to have been applied says nothing of the action; and that of another
  // service, which a person asked for, nothing of this one's.
  const bool acted = !incident.attempts.empty() &&
                     incident.attempts.back().state != incident::OperationState::failed;
  const bool elsewhere =
      acted && incident.attempts.back().intent.service != incident.signal.service;
  past.action = std::string(incident::to_string(
      acted && !elsewhere ? incident.attempts.back().intent.action : incident::Action::noop));
  past.proven = incident.outcome && incident.outcome->proven && !elsewhere;
  if (acted) past.votes = incident.attempts.back().votes_up - incident.attempts.back().votes_down;
  past.symptom = symptom_of(incident);
  const auto resolved = incident.reached.find("resolved");
  past.resolved_at =
      resolved != incident.reached.end() ? resolved->second.at : incident.reached.at("opened").at;
  return past;
}

incident::MemoryRecalled told_of(const memory::Recall& found) {
  incident::MemoryRecalled recalled;
  for (const auto& match : found.matches) {
    recalled.matches.push_back({match.past.incident, match.past.issue, match.past.symptom.service,
                                match.past.failure_class, match.past.action, match.past.proven,
                                match.similarity});
  }
  if (const auto* best = found.recommended()) {
    recalled.action = best->action;
    recalled.worked = best->worked;
    recalled.tried = best->tried;
  }
  return recalled;
}

void MemoryRole::absorb(const ledger::Record& record, base::Now) {
  book_.absorb(record.event);
  // An issue that is opened late belongs to the case as well, and so do late votes.
  const auto* incident = book_.find(record.event.incident);
  const bool changes = std::holds_alternative<incident::MemoryIndexed>(record.event.what) ||
                       std::holds_alternative<incident::IssueOpened>(record.event.what) ||
                       std::holds_alternative<incident::VotesCounted>(record.event.what);
  if (changes && incident != nullptr && incident->indexed && !remembered_.contains(incident->id))
    unchecked_.insert(incident->id);
}

void MemoryRole::absorb(const Answer& answer, base::Now now) {
  if (const auto* recalled = std::get_if<Recalled>(&answer))
    recalled_[recalled->incident] = recalled->what;
  if (const auto* remembered = std::get_if<Remembered>(&answer)) {
    if (!remembered->status) {
      retry_after_[remembered->incident] = now.boot + kRetry;
    } else if (unchecked_.erase(remembered->incident) == 0) {
      remembered_.insert(remembered->incident);
    }
  }
}

role::Output<Request> MemoryRole::decide(const role::View& view) {
  role::Output<Request> output;
  const auto remember = [&](const incident::Incident& incident) {
    const auto after = retry_after_.find(incident.id);
    if (after != retry_after_.end() && view.now.boot < after->second)
      output.wake_by(after->second);
    else
      output.ask(Remember{case_of(incident)});
  };
  // Remembering an equal case changes nothing.
  for (const auto id : unchecked_) remember(*book_.find(id));
  for (const auto id : book_.live()) {
    const auto& incident = *book_.find(id);
    role::Drafter drafter(book_, incident::Role::memory, random_, view.now);
    const bool is_trouble = !incident::is_wish(incident);
    if (is_trouble && !incident.recalled && !incident::is_over(incident.state)) {
      const auto found = recalled_.find(id);
      if (found == recalled_.end())
        output.ask(RecallFor{id, symptom_of(incident)});
      else
        drafter.add(id, found->second);
    }
    if (incident::is_due(incident, incident::Command::index)) {
      const auto past = case_of(incident);
      if (remembered_.contains(id))
        drafter.add(id, incident::MemoryIndexed{past.failure_class, past.action, past.proven});
      else
        remember(incident);
    }
    auto drafts = drafter.take();
    if (!drafts.empty()) output.units.push_back({std::move(drafts), {}, {}});
  }
  std::erase_if(remembered_, [&](auto id) { return book_.find(id)->indexed; });
  std::erase_if(recalled_, [&](const auto& item) {
    return !book_.live().contains(item.first) || book_.find(item.first)->recalled;
  });
  return output;
}

}  // namespace memory_role
