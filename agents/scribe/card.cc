#include "agents/scribe/card.h"

#include <algorithm>

#include "agents/scribe/markdown.h"
#include "agents/scribe/pages.h"
#include "agents/scribe/pull_pages.h"
#include "base/text.h"

namespace scribe {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.

// Of a wish: nothing is sick, so nothing is detected, diagnosed or fixed. Empty: as of any.
std::string wish_headline(State end) {
  switch (end) {
    case State::open:
    case State::diagnosing:
      return "📈 **Asked for**";
    case State::acting:
      return "🟠 **Being done**";
    case State::resolved:
    case State::closed:
      return "🟢 **Done**: proven";
    case State::stood_down:
      return "✋ **Not done**";
    case State::planned:
    case State::awaiting_approval:
    case State::verifying:
    case State::escalated:
    case State::inconclusive:
    case State::self_healed:
    case State::joined:
      return "";
  }
  return "";
}

std::string headline(const Incident& incident, State end) {
  if (is_wish(incident)) {
    if (auto text = wish_headline(end); !text.empty()) return text;
  }
  const bool closed = incident.state == State::closed;
  switch (end) {
    case State::open:
      return "🔴 **Detected**, the cause is being looked for";
    case State::diagnosing:
      return "🔴 **Being diagnosed**";
    case State::planned:
      return "🟠 **Planned**, the guards decide";
    case State::awaiting_approval:
      return "🟠 **A person must approve the plan**";
    case State::acting:
      return "🟠 **Being fixed**";
    case State::verifying:
      return "🟡 **Being verified**";
    case State::resolved:
    case State::closed:
      return closed ? "🟢 **Resolved**: proven and closed" : "🟢 **Resolved**: proven";
    case State::escalated:
      return "🙋 **A person is needed**";
    case State::inconclusive:
      return "⚪ **Nothing is wrong**";
    case State::stood_down:
      return "✋ **Stood down**: a person decided";
    case State::self_healed:
      return "🩹 **Self-healed**";
    case State::joined:
      return "🔗 **Joined** to another incident";
  }
  return "";
}

std::string next_step(const Incident& incident, State end) {
  switch (end) {
    case State::open:
    case State::diagnosing:
      if (incident.refused && incident.refused->retry) {
        return "The guard " + code(incident.refused->guard, 60) +
               " refused the plan; a new one is made.";
      }
      if (is_wish(incident)) return "Brain makes the plan that was asked for.";
      return "Brain collects evidence, names the cause and makes a plan.";
    case State::planned:
      if (incident.refused)
        return "The plan waits: the guard " + code(incident.refused->guard, 60) + " says not now.";
      if (!incident.held_by.empty()) return "Nothing is begun before `/resume`.";
      return "Fixer judges the plan by its guards.";
    case State::awaiting_approval:
      return "A person approves the plan or lets it expire.";
    case State::acting:
      if (!incident.escalation_asked_by.empty())
        return "Fixer brings the operation to its outcome; then " +
               code(incident.escalation_asked_by, 80) + " has the incident.";
      if (waits_for_pull(incident))
        return "The pull request is merged or closed; once it is merged, the new value is brought "
               "to "
               "the container and proven there.";
      return "Fixer carries out the plan.";
    case State::verifying:
      if (incident.failed) return "The proof failed; Fixer decides what follows.";
      return "Scout proves that the symptom is gone for the whole soak time.";
    case State::resolved:
      if (is_wish(incident)) return "The issue is closed.";
      return "The post-mortem is written, the case is remembered and the issue closed.";
    case State::closed:
      return "Nothing.";
    case State::escalated:
      return "A person takes over; nothing more is done automatically. `/restart` and the name of "
             "a "
             "service asks for one action.";
    case State::inconclusive:
    case State::stood_down:
    case State::self_healed:
    case State::joined:
      return "Nothing; the issue is closed.";
  }
  return "";
}

std::string diagnosis_line(const Incident& incident) {
  if (!incident.diagnosis) return "not yet";
  const auto& made = *incident.diagnosis;
  return code(to_string(made.failure)) + " of " + code(made.culprit, 80) + ", confidence " +
         percent(made.confidence) + ", rule " + code(made.rule, 80);
}

std::string action_line(const Incident& incident) {
  if (incident.attempts.empty()) return "none";
  const Attempt& last = incident.attempts.back();
  std::string text = code(to_string(last.intent.action)) + " of " + code(last.intent.service, 80) +
                     ", " + std::string(to_string(last.state));
  if (const auto change = change_in_words(last.intent.change); !change.empty())
    text += ": " + change;
  if (last.pull) text += ", pull request " + pull_link(*last.pull);
  if (!last.merged.empty()) text += " merged as " + code(last.merged.substr(0, 12));
  if (!last.closed.empty()) text += ", no merge: " + plain(last.closed, 200);
  if (incident.attempts.size() > 1) text += ", attempt " + std::to_string(incident.attempts.size());
  return text;
}

std::string facts(const Incident& incident, State end, const Book& book) {
  const Signal& signal = incident.signal;
  const std::string container =
      signal.container_name.empty() && signal.container.empty()
          ? "–"
          : code(signal.container_name, 80) + " (" + code(signal.container.substr(0, 12)) + ")";
  std::string text = "| | |\n|---|---|\n";
  text += row("Incident", std::to_string(incident.id)) +
          row("State", code(to_string(incident.state))) +
          row("Severity", std::string(to_string(incident.severity))) +
          row("Service", code(signal.service, 80)) + row("Container", container) +
          row(is_wish(incident) ? "Wanted" : "Symptom", symptom(signal));
  if (is_wish(incident))
    text += row("Asked by", code(signal.asked_by, 80));
  else
    text += row("Signals", std::to_string(incident.signals)) +
            row("Diagnosis", diagnosis_line(incident));
  text += row("Action", action_line(incident));
  if (end == State::joined) {
    const Incident* root = book.find(incident.root);
    text +=
        row("Root", root == nullptr ? "incident " + std::to_string(incident.root) : name_of(*root));
  }
  if (!incident.held_by.empty())
    text += row(incident.dry_run ? "Dry run" : "Held",
                "by " + code(incident.held_by, 80) + " until `/resume`");
  if (!incident.ending.empty()) text += row("Ending", plain(incident.ending, 300));
  return text;
}

// Milliseconds from the fault. Durations come from the boot clock; only when that was started anew
// in between, UTC has to do.
std::int64_t since_fault(const Incident& incident, const Moment& moment) {
  const Moment& opened = incident.reached.at("opened");
  const auto before = base::to_ms(opened.boot - fault_boot(incident));
  const bool same_boot = moment.boot >= opened.boot;
  const auto after = same_boot ? base::to_ms(moment.boot - opened.boot)
                               : std::max<std::int64_t>(0, (moment.at - opened.at).count());
  return before + after;
}

std::string timeline(const Incident& incident) {
  constexpr std::pair<const char*, const char*> kPhases[] = {
      {"opened", "detected"}, {"diagnosed", "diagnosed"}, {"planned", "planned"},
      {"acted", "acted"},     {"healthy", "healthy"},     {"resolved", "resolved"},
      {"closed", "closed"}};
  std::string text = "### Timeline\n\n| phase | at | ms since fault |\n|---|---|---|\n";
  const Moment& opened = incident.reached.at("opened");
  const auto fault =
      opened.at - std::chrono::duration_cast<base::Millis>(opened.boot - fault_boot(incident));
  text += "| fault | " + base::format_utc(fault) + " | 0 |\n";
  for (const auto& [phase, shown] : kPhases) {
    const auto found = incident.reached.find(phase);
    if (found == incident.reached.end()) continue;
    text += "| " + std::string(shown) + " | " + base::format_utc(found->second.at) + " | " +
            std::to_string(since_fault(incident, found->second)) + " |\n";
  }
  return text;
}

std::string evidence(const Incident& incident) {
  std::string text = "### Evidence\n\n";
  if (!incident.signal.detail.empty())
    text += "- Signal: " + code(incident.signal.detail, 300) + "\n";
  for (const auto& second : incident.signal.confirmed_by)
    text += "- Confirmed by: " + code(second, 120) + "\n";
  std::size_t n = 0;
  for (const auto& item : incident.evidence) {
    if (++n > 20) break;
    text += "- **" + plain(item.id, 20) + "** " + plain(item.kind, 40) + ": " +
            plain(item.text, 300) + "\n";
  }
  if (!incident.snapshot.empty())
    text += "- Probes and stats of the minute before: blob " +
            code(incident.snapshot.substr(0, 16)) + "\n";
  return text;
}

// "/scale shop 3" in words.
std::string wanted(const Signal& signal) {
  const auto words = base::split(signal.asked, ' ');
  if (words.size() != 3 || words[0] != "/scale") return "asked for";
  return "scaling to " + bare(words[2], 10) + (words[2] == "1" ? " replica" : " replicas");
}

}  // namespace

base::Instant fault_boot(const Incident& incident) {
  const Moment& opened = incident.reached.at("opened");
  const base::WallTime fault = incident.signal.at;
  const bool usable = fault.time_since_epoch().count() > 0 && fault <= opened.at &&
                      opened.at - fault < std::chrono::hours(1);
  return usable ? opened.boot - (opened.at - fault) : opened.boot;
}

std::string symptom(const Signal& signal) {
  const std::string exit =
      signal.exit_code ? " (exit code " + std::to_string(*signal.exit_code) + ")" : "";
  switch (signal.kind) {
    case SignalKind::container_died:
      return signal.oom_killed ? "ran out of memory and was killed" + exit : "died" + exit;
    case SignalKind::found_stopped:
      return "found stopped" + exit;
    case SignalKind::restarted_by_engine:
      return "died, its engine restarts it" + exit;
    case SignalKind::probe_timeout:
      return "does not answer in time";
    case SignalKind::probe_refused:
      return "refuses connections";
    case SignalKind::probe_error:
      return "answers with errors";
    case SignalKind::latency_above_bound:
      return "answers slower than its bound";
    case SignalKind::cpu_at_limit:
      return "CPU at its limit";
    case SignalKind::engine_unhealthy:
      return "unhealthy by its engine's check";
    case SignalKind::deploy_failed:
      return "deploy failed";
    case SignalKind::asked:
      return wanted(signal);
  }
  return "";
}

std::string card(const Incident& incident, State end, const Book& book,
                 const ThreadOptions& options) {
  Page page;
  page.add(headline(incident, end) + "\n\n" + facts(incident, end, book) + "\n");
  page.add(timeline(incident) + "\n");
  page.add("### What happens next\n\n" +
           next_step(incident, incident.state == State::closed ? State::closed : end) + "\n\n");
  page.add(
      "### How to stop it\n\nA comment with the first line `/hold` stops it for this incident, "
      "`/close` ends it. Put the label `sre:stop` on the control issue (" +
      options.control +
      "), or run `sre-space stop`: nothing more is done to any container until `sre-space "
      "resume`.\n\n");
  page.add(evidence(incident));
  return page.take();
}

}  // namespace scribe
