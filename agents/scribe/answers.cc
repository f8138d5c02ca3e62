// What people are told who said something on an incident's issue.
#include <algorithm>

#include "agents/scribe/commands.h"
#include "agents/scribe/markdown.h"
#include "agents/scribe/pages.h"

namespace scribe {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.

constexpr std::size_t kEntriesMax = 20;

std::string why(const DiagnosisPage* known) {
  if (known == nullptr || known->made == nullptr) return "No diagnosis is made yet.\n";
  const DiagnosisMade& made = *known->made;
  std::string text = code(to_string(made.failure)) + " of " + code(made.culprit, 80) + ", " +
                     percent(made.confidence) + " sure: " + plain(made.explanation, 600) + "\n\n";
  std::size_t n = 0;
  for (const auto* item : known->evidence) {
    if (++n > kEntriesMax) break;
    text += "- **" + plain(item->id, 20) + "** " + plain(item->kind, 40) + ": " +
            plain(item->text, 300) + "\n";
  }
  return text;
}

std::string in_words(const Judgement& judged) {
  const std::string because =
      ": the guard " + code(judged.guard, 60) + " says " + plain(judged.values, 300);
  if (judged.answer == "allow") return "would be done now";
  if (judged.answer == "ask") return "would wait for a person's approval" + because;
  if (judged.answer == "wait") return "would wait" + because;
  if (judged.answer == "refuse") return "would be refused" + because;
  if (judged.answer == "replan") return "would be planned anew" + because;
  return "no guard has to be asked";
}

// The menu as the guards see it. The plan is missing when the thread does not know it any more.
std::string judgements(const PlanJudged& judged, const PlanMade* plan) {
  if (judged.plan.empty() || plan == nullptr)
    return "There is no plan, so nothing would be done.\n";
  std::string text = "The menu of plan " + code(judged.plan, 16) +
                     ", the first is the choice:\n\n"
                     "| id | action | target | container | risk | undo | now |\n"
                     "|---|---|---|---|---|---|---|\n";
  std::size_t n = 0;
  for (const auto& entry : plan->menu) {
    if (++n > kEntriesMax) break;
    const auto found = std::find_if(judged.entries.begin(), judged.entries.end(),
                                    [&](const auto& one) { return one.entry == entry.id; });
    text += "| " + plain(entry.id, 10) + " | " + std::string(to_string(entry.action)) + " | " +
            code(entry.service, 80) + " | " + code(entry.container.substr(0, 12)) + " | " +
            plain(entry.risk, 20) + " | " + plain(entry.undo, 120) + " | " +
            (found == judged.entries.end() ? "not judged" : in_words(*found)) + " |\n";
  }
  return text;
}

std::string dry_run_page(const AnswerPage& shown) {
  std::string text =
      "🧪 **Dry run**, asked by " + code(shown.said->by, 80) +
      "\n\nNothing is done, and nothing new is begun for this incident until somebody "
      "with the right `maintain` says `/resume`.\n\n";
  if (shown.judged == nullptr)
    return text + "What would be done, and what the guards say to it, is put in here.\n";
  return text + judgements(*shown.judged, shown.judged_plan);
}

// What the plan does, of one that asked for it.
std::string deed(const MenuEntry& entry) {
  const std::string of =
      code(entry.service, 80) + ", container " + code(entry.container.substr(0, 12));
  if (entry.action == Action::restart) return "restarts " + of;
  if (entry.action == Action::rollback) return "makes " + of + ", as it was before";
  return "brings " + code(entry.service, 80) + " from " + std::to_string(entry.change.from) +
         " to " + std::to_string(entry.change.to) + " replicas";
}

std::string asked_page(const AnswerPage& shown, const char* title) {
  std::string text = std::string(title) + " by " + code(shown.said->by, 80) + ", " +
                     code(shown.said->command, 120) + "\n\n";
  if (shown.plan == nullptr)
    return text + "A plan of its own is made of it, which these words approve once.\n";
  const MenuEntry& first = shown.plan->menu.front();
  if (first.action == Action::escalate)
    return text + "It cannot be done. " + plain(first.reason, 600) + "\n";
  return text + "Plan " + code(shown.plan->hash, 16) + " " + deed(first) +
         ", approved by these words until " + base::format_utc(shown.plan->expires) +
         ". All guards stand but those that ask for evidence; what they refuse is told here.\n\n" +
         mitigation_line(*shown.plan) + "\n";
}

std::string held_page(const OperatorCommanded& said) {
  const std::string until = said.command == kHoldByLabel
                                ? "while the label `hold` is on its issue. "
                                : "until somebody with the right `maintain` says `/resume`. ";
  return "✋ **Held** by " + code(said.by, 80) + "\n\nNo new action is begun for this incident " +
         until + "What was under way already is brought to its end.\n";
}

}  // namespace

std::string answer_page(const AnswerPage& shown) {
  const OperatorCommanded& said = *shown.said;
  const std::string verb = verb_of(said);
  const std::string by = code(said.by, 80);
  if (!said.refusal.empty()) {
    return "💬 **Not done**\n\n" + code(said.command, 120) + " of " + by + ": sorry, " +
           plain(said.refusal, 400) + ". Nothing was changed.\n";
  }
  if (verb == "/hold") return held_page(said);
  if (verb == "/resume") {
    return "▶️ **Resumed** by " + by +
           "\n\nThe hold is lifted: the Fixer judges the plan by its guards again. Where a person "
           "has "
           "the incident, nothing begins before they ask for it.\n";
  }
  if (verb == "/why") return "🧠 **Why**, asked by " + by + "\n\n" + why(shown.diagnosis);
  if (verb == "/restart") return asked_page(shown, "🔁 **Restart asked**");
  if (verb == "/rollback") return asked_page(shown, "↩️ **Rollback asked**");
  if (verb == "/scale") return asked_page(shown, "📈 **Scaling asked**");
  if (verb == "/dry-run") return dry_run_page(shown);
  return "";
}

}  // namespace scribe
