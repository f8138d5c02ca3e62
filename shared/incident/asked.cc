#include "incident/asked.h"

#include "base/text.h"

namespace incident {
namespace {

constexpr std::size_t kShownMax = 60;  // Bytes of a name that a person wrote.

void gather(const std::string& service, const Dependencies& services,
            std::set<std::string>& found) {
  const auto known = services.find(service);
  if (known == services.end() || !found.insert(service).second) return;
  for (const auto& needed : known->second) gather(needed, services, found);
}

std::string listed(const std::set<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

std::set<std::string> restartable(const Incident& incident, const Dependencies& services) {
  std::set<std::string> found;
  gather(incident.signal.service, services, found);
  if (incident.diagnosis) gather(incident.diagnosis->culprit, services, found);
  return found;
}

std::string objection_to_restart(const Incident& incident, const std::string& service,
                                 const Dependencies& services) {
  const auto may = restartable(incident, services);
  if (may.contains(service)) return "";
  const std::string here = "what can be restarted here: " + listed(may);
  if (service.empty()) return "it names no service, or more than one; " + here;
  const std::string shown = "\"" + std::string(base::cut_utf8(service, kShownMax)) + "\"";
  if (services.contains(service))
    return shown +
           " is neither this incident's service, nor its culprit, nor one of their "
           "dependencies; " +
           here;
  std::vector<std::string> known;
  for (const auto& [name, needs] : services) known.push_back(name);
  const std::string near = base::nearest_word(base::cut_utf8(service, kShownMax), known);
  return "no service is called " + shown +
         (near.empty() ? "; " + here : ", the nearest name is \"" + near + "\"");
}

std::string objection_to_rollback(const Incident& incident) {
  if (is_in_flight(incident)) return "the last action has no outcome yet";
  const Attempt* last = nullptr;
  for (const auto& attempt : incident.attempts) {
    if (attempt.state == OperationState::done) last = &attempt;
  }
  if (last == nullptr) return "no action was carried out for this incident";
  if (last_undoable(incident) != nullptr) return "";
  const std::string what = "the last action was the " +
                           std::string(to_string(last->intent.action)) + " of " +
                           last->intent.service;
  if (!last->intent.undoes.empty()) return what + ", which took back what was done";
  switch (last->intent.action) {
    case Action::restart:
      return what + ": image and configuration stayed as they were, there is nothing to take back";
    case Action::revert_config:
      return what + ": what it took back is in git's history, and comes again by a new commit";
    case Action::clear_queue:
      return what + ": what was in the queue is gone";
    case Action::scale_up:
    case Action::scale_down:
    case Action::rollback:
    case Action::pull_request:
    case Action::escalate:
    case Action::noop:
      break;
  }
  return what + ", and nothing is kept of what was there before";
}

std::string objection_to_scale(const AskedAction& asked, bool is_configured, bool is_balanced) {
  if (!is_configured)
    return "no service is called \"" + std::string(base::cut_utf8(asked.service, kShownMax)) + "\"";
  if (!is_balanced)
    return "the configuration's balancer has no upstream of " + asked.service +
           ", so nothing would send requests to its replicas";
  if (asked.count < 0 || asked.count > kReplicasMax)
    return std::to_string(asked.count) + " is not between 0 and " + std::to_string(kReplicasMax);
  return "";
}

}  // namespace incident
