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
  const std::string what =
      std::string(to_string(last->intent.action)) + " of " + last->intent.service;
  switch (last->intent.action) {
    case Action::restart:
      return "the last action was the " + what +
             ": image and configuration stayed as they were, there is nothing to take back";
    case Action::scale_up:
    case Action::scale_down:
    case Action::rollback:
    case Action::revert_config:
    case Action::clear_queue:
    case Action::pull_request:
    case Action::escalate:
    case Action::noop:
      break;
  }
  return "the last action, the " + what + ", cannot be taken back from here";
}

}  // namespace incident
