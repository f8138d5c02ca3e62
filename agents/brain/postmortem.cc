#include <algorithm>

#include "agents/brain/brain.h"
#include "base/text.h"

namespace brain {
namespace {

using incident::Attempt;
using incident::Incident;
using incident::OperationState;

// Text that came from outside, as one line that opens no Markdown block, span or HTML.
std::string flat(std::string_view text) {
  std::string line = base::clean_text(base::cut_utf8(text, 1000));
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\t', ' ');
  std::replace(line.begin(), line.end(), '`', '\'');
  std::replace(line.begin(), line.end(), '<', '(');
  std::replace(line.begin(), line.end(), '>', ')');
  return line;
}

struct Line {
  base::WallTime at;
  std::string text;
};

std::string since_fault(const Incident& incident, base::WallTime at) {
  return base::format_duration(
      std::max(base::Duration(at - incident.signal.at), base::Duration(0)));
}

void add_phase(const Incident& incident, const char* phase, const char* words,
               std::vector<Line>& lines) {
  const auto found = incident.reached.find(phase);
  if (found != incident.reached.end()) lines.push_back({found->second.at, words});
}

// What came of an operation, in our own words: the engine's message stays with its event.
std::string outcome_of(const Attempt& attempt) {
  switch (attempt.state) {
    case OperationState::done:
      return "the engine accepted it";
    case OperationState::failed:
      return "proven not applied";
    case OperationState::unknown:
      return "its outcome stayed unknown";
    case OperationState::held:
      return "held";
    case OperationState::intent:
      return "no outcome is recorded";
  }
  return "";
}

std::string name_of(const Attempt& attempt) {
  return std::string(incident::to_string(attempt.intent.action)) + " of " +
         flat(attempt.intent.service) + ", operation " + attempt.intent.op;
}

std::string timeline(const Incident& incident) {
  std::vector<Line> lines{{incident.signal.at, "fault"}};
  add_phase(incident, "opened", "detected", lines);
  add_phase(incident, "diagnosed", "cause named", lines);
  add_phase(incident, "planned", "plan made", lines);
  for (const auto& attempt : incident.attempts) {
    lines.push_back({attempt.intended_at, "intended: " + name_of(attempt)});
    if (attempt.ended_at)
      lines.push_back(
          {*attempt.ended_at, "operation " + attempt.intent.op + ": " + outcome_of(attempt)});
  }
  add_phase(incident, "healthy", "first good probe", lines);
  add_phase(incident, "resolved", "proven for the soak time", lines);
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  std::string text;
  for (const auto& line : lines) {
    text += "- " + base::format_utc(line.at) + " (+" + since_fault(incident, line.at) + ") " +
            line.text + "\n";
  }
  return text;
}

std::string resolution(const Incident& incident) {
  if (incident.attempts.empty()) return "Nothing was done; it recovered.";
  const auto& last = incident.attempts.back();
  std::string text = "`" + std::string(incident::to_string(last.intent.action)) + "` of " +
                     flat(last.intent.service) + ", operation " + last.intent.op + ".";
  const auto failed =
      std::count_if(incident.attempts.begin(), incident.attempts.end(),
                    [](const auto& attempt) { return attempt.state == OperationState::failed; });
  if (failed == 1) text += " One operation before was proven not applied.";
  if (failed > 1)
    text += " " + std::to_string(failed) + " operations before were proven not applied.";
  if (!incident.passed) return text;
  if (incident.passed->probes == 0)
    return text + " Proven by the engine's state alone: no probe is configured.";
  return text + " Proven by " + std::to_string(incident.passed->probes) +
         (incident.passed->probes == 1 ? " good probe" : " good probes, the slowest") + " " +
         (incident.passed->probes == 1 ? "of " : "") + std::to_string(incident.passed->worst_ms) +
         " ms.";
}

std::string lesson(const Incident& incident) {
  if (incident.diagnosis && incident.diagnosis->persistence == incident::Persistence::systemic) {
    return "This keeps happening: a restart treats the symptom, a lasting fix is wanted.";
  }
  if (incident.recalled && incident.recalled->tried > 0) {
    return "Known: " + flat(incident.recalled->action) + " worked " +
           std::to_string(incident.recalled->worked) + " of " +
           std::to_string(incident.recalled->tried) + " times before.";
  }
  return "First of its kind here; it is remembered from now on.";
}

std::string summary(const Incident& incident) {
  std::string text = flat(incident.signal.service) + ": " + flat(incident.signal.detail) + ". ";
  if (incident.diagnosis) {
    text += "Class `" + std::string(incident::to_string(incident.diagnosis->failure)) + "`, " +
            std::string(incident::to_string(incident.diagnosis->persistence)) + ", ";
  }
  return text + "severity " + std::string(incident::to_string(incident.severity)) + ", " +
         std::to_string(incident.signals) + (incident.signals == 1 ? " signal." : " signals.");
}

}  // namespace

std::string write_postmortem(const Incident& incident) {
  return "**Summary.** " + summary(incident) + "\n\n**Timeline.**\n" + timeline(incident) +
         "\n**Cause.** " +
         (incident.diagnosis ? flat(incident.diagnosis->explanation) : "Not known.") +
         "\n\n**Resolution.** " + resolution(incident) + "\n\n**Lesson.** " + lesson(incident) +
         "\n";
}

}  // namespace brain
