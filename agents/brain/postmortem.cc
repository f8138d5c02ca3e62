#include "agents/brain/brain.h"

namespace brain {
namespace {

using incident::Incident;

std::string phase_line(const Incident& incident, const char* phase, const char* words) {
  const auto found = incident.reached.find(phase);
  if (found == incident.reached.end()) return "";
  const auto opened = incident.reached.at("opened");
  const auto since = found->second.boot - opened.boot + (opened.at - incident.signal.at);
  return "- " + base::format_utc(found->second.at) + " (+" + base::format_duration(since) + ") " + words + "\n";
}

std::string resolution(const Incident& incident) {
  if (incident.attempts.empty()) return "Nothing was done; it recovered.";
  const auto& last = incident.attempts.back();
  std::string text = "`" + std::string(incident::to_string(last.intent.action)) + "` of " + last.intent.service + ", operation " + last.intent.op + ".";
  if (incident.attempts.size() > 1) text += " It took " + std::to_string(incident.attempts.size()) + " operations; those before were proven not applied.";
  if (incident.passed) {
    text += " Proven by " + std::to_string(incident.passed->probes) + " good probes, the slowest " + std::to_string(incident.passed->worst_ms) + " ms.";
  }
  return text;
}

std::string lesson(const Incident& incident) {
  if (incident.diagnosis->persistence == incident::Persistence::systemic) {
    return "This keeps happening: a restart treats the symptom, a lasting fix is wanted.";
  }
  if (incident.recalled && incident.recalled->tried > 0) {
    return "Known: " + incident.recalled->action + " worked " + std::to_string(incident.recalled->worked) + " of " + std::to_string(incident.recalled->tried) + " times before.";
  }
  return "First of its kind here; it is remembered from now on.";
}

}  // namespace

std::string write_postmortem(const Incident& incident) {
  const auto& diagnosis = *incident.diagnosis;
  std::string text = "**Summary.** " + incident.signal.service + ": " + incident.signal.detail + ". Class `" + std::string(incident::to_string(diagnosis.failure)) + "`, " +
                     std::string(incident::to_string(diagnosis.persistence)) + ", severity " + std::string(incident::to_string(incident.severity)) + ", " +
                     std::to_string(incident.signals) + (incident.signals == 1 ? " signal" : " signals") + ".\n\n**Timeline.**\n- " +
                     base::format_utc(incident.signal.at) + " (0ms) fault\n";
  text += phase_line(incident, "opened", "detected");
  text += phase_line(incident, "planned", "diagnosed and planned");
  text += phase_line(incident, "acted", "the engine accepted the action");
  text += phase_line(incident, "healthy", "first good probe");
  text += phase_line(incident, "resolved", "proven for the soak time");
  text += "\n**Cause.** " + diagnosis.explanation + "\n\n**Resolution.** " + resolution(incident) + "\n\n**Lesson.** " + lesson(incident) + "\n";
  return text;
}

}  // namespace brain
