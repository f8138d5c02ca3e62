#include "agents/scribe/pages.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

#include "agents/scribe/markdown.h"
#include "agents/scribe/pull_pages.h"

namespace scribe {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.

constexpr std::size_t kPageMax = 60'000;  // Bytes; GitHub's limit is 65,536 characters.
constexpr std::size_t kListMax = 30;      // Entries of one list.

std::string short_id(const std::string& id) { return id.substr(0, 12); }
std::string time_or_dash(const std::string& text) { return code(text, 40); }

const std::string kTableHead = "| | |\n|---|---|\n";

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

std::string issue_or_incident(std::int64_t issue, IncidentId incident) {
  return issue > 0 ? "issue #" + std::to_string(issue) : "incident " + std::to_string(incident);
}

std::string path_part(const std::vector<Cause>& path) {
  if (path.empty()) return "";
  std::string text = "\n**Causal path**\n\n";
  std::size_t n = 0;
  for (const auto& cause : path) {
    if (++n > kListMax) break;
    text += std::to_string(n) + ". " + code(cause.from, 120) + " → " + code(cause.to, 120) + " (" +
            plain(cause.evidence, 20) + ")\n";
  }
  return text;
}

std::string ruled_out_part(const std::vector<std::string>& ruled_out) {
  if (ruled_out.empty()) return "";
  std::string text = "\n**Ruled out**\n\n";
  std::size_t n = 0;
  for (const auto& line : ruled_out) {
    if (++n > kListMax) break;
    text += "- " + plain(line, 300) + "\n";
  }
  return text;
}

std::string menu_part(const PlanMade& plan) {
  std::string text = "\n**Plan** " + code(plan.hash, 16) + ", generation " +
                     std::to_string(plan.generation) + ", good until " +
                     base::format_utc(plan.expires) + "\n\n";
  if (plan.menu.empty()) return text + "Nothing to choose from.\n";
  text +=
      "| id | action | target | container | risk | undo | worked before | reason |\n"
      "|---|---|---|---|---|---|---|---|\n";
  std::size_t n = 0;
  for (const auto& entry : plan.menu) {
    if (++n > kListMax) break;
    text += "| " + plain(entry.id, 10) + " | " + std::string(to_string(entry.action)) + " | " +
            code(entry.service, 80) + " | " + code(short_id(entry.container)) + " | " +
            plain(entry.risk, 20) + " | " + plain(entry.undo, 120) + " | " +
            std::to_string(entry.worked) + " of " + std::to_string(entry.tried) + " | " +
            plain(entry.reason, 300) + " |\n";
  }
  return text;
}

std::string classified(const DiagnosisMade& made) {
  if (made.failure == FailureClass::nothing_wrong) return "Nothing is wrong";
  const std::string where = made.culprit.empty() ? "" : " of " + code(made.culprit, 80);
  if (made.failure == FailureClass::unknown) return "The cause cannot be told" + where;
  return "**" + std::string(to_string(made.failure)) + "**" + where;
}

}  // namespace

Page& Page::add(const std::string& block) {
  if (full_) return *this;
  full_ = text_.size() + block.size() > kPageMax;
  text_ += full_ ? "\n… the rest is left out, it would not fit here; the ledger has it.\n" : block;
  return *this;
}

std::string row(const std::string& name, const std::string& value) {
  return "| " + name + " | " + value + " |\n";
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", std::isfinite(share) ? share : 0.0);
  return text;
}

std::string name_of(const Incident& incident) {
  return issue_or_incident(incident.issue, incident.id);
}

std::string mitigation_line(const PlanMade& plan) {
  if (plan.menu.empty()) return "MITIGATION: NONE";
  const MenuEntry& choice = plan.menu.front();
  if (choice.action == Action::noop || choice.action == Action::escalate) return "MITIGATION: NONE";
  return "MITIGATION: " + upper(to_string(choice.action)) + " " + name(choice.service);
}

std::string memory_page(const MemoryRecalled& recalled) {
  Page page;
  page.add("📚 **Memory context**\n\n");
  if (recalled.matches.empty()) return page.add("Nothing similar is known yet.\n").take();
  const Match& best = recalled.matches.front();
  std::string line = "**Seen before, " + issue_or_incident(best.issue, best.incident);
  if (recalled.tried > 0) {
    line += ", " + plain(recalled.action, 40) + " worked " + std::to_string(recalled.worked) +
            " of " + std::to_string(recalled.tried) + "**\n";
  } else {
    line += "**; no fix of it is proven yet.\n";
  }
  page.add(line);
  page.add(
      "\n| case | service | class | action | proven | similarity |\n|---|---|---|---|---|---|\n");
  for (std::size_t i = 0; i < recalled.matches.size() && i < kListMax; ++i) {
    const Match& match = recalled.matches[i];
    page.add("| " + issue_or_incident(match.issue, match.incident) + " | " +
             code(match.service, 80) + " | " + code(match.failure, 40) + " | " +
             code(match.action, 40) + " | " + (match.proven ? "yes" : "no") + " | " +
             percent(match.similarity) + " |\n");
  }
  return page.take();
}

std::string diagnosis_page(const DiagnosisPage& shown) {
  const DiagnosisMade& made = *shown.made;
  Page page;
  page.add("🧠 **Brain diagnosis**\n\n" + classified(made) + "\n\n");
  if (!made.explanation.empty()) page.add(plain(made.explanation, 2000) + "\n\n");
  page.add(kTableHead + row("Class", code(to_string(made.failure))) +
           row("Culprit", code(made.culprit, 120)) +
           (made.commit.empty() ? "" : row("Commit", code(made.commit, 40))) +
           row("Confidence", percent(made.confidence)) + row("Rule", code(made.rule, 80)) +
           row("Persistence", std::string(to_string(made.persistence))));
  page.add(path_part(made.path));
  if (!shown.evidence.empty()) page.add("\n**Evidence**\n\n");
  std::size_t n = 0;
  for (const auto* item : shown.evidence) {
    if (++n > kListMax) break;
    page.add("- **" + plain(item->id, 20) + "** " + plain(item->kind, 40) + ": " +
             plain(item->text, 400) + "\n");
    if (!item->lines.empty()) page.add("\n" + fenced(item->lines) + "\n");
  }
  page.add(ruled_out_part(made.ruled_out));
  if (shown.plan == nullptr) return page.take();
  // The last line is what people look for; it must not fall victim to a long menu.
  return page.add(menu_part(*shown.plan)).take() + "\n" + mitigation_line(*shown.plan) + "\n";
}

std::string refusal_page(const RefusalPage& shown) {
  const PlanRefused& refused = *shown.refused;
  std::string text = "🛠 **Fixer: plan refused**\n\nThe guard " + code(refused.guard, 60) +
                     " said no to plan " + code(refused.plan, 16) + ": " +
                     plain(refused.values, 600) + "\n\n";
  if (shown.is_final)
    text += "It will not be tried again by itself.\n";
  else
    text += refused.retry ? "A new plan may pass later.\n" : "It goes on when that is over.\n";
  if (shown.times > 1) {
    text += "\nRefused " + std::to_string(shown.times) + " times, the last at " +
            base::format_utc(shown.last) + ".\n";
  }
  return text;
}

std::string approval_page(const ApprovalPage& shown) {
  const std::string plan = bare(shown.asked->plan, 64);
  std::string text = "🛠 **Fixer: approval asked**\n\nPlan " + code(shown.asked->plan, 64) +
                     " waits for a person until " + base::format_utc(shown.asked->expires) +
                     ".\n\n";
  for (const auto* given : shown.given) text += "Approved by " + code(given->by, 80) + ".\n";
  if (!shown.given.empty() && !shown.waits) return text;
  if (!shown.given.empty()) text += "\nIt takes another person besides.\n\n";
  return text + "Approve it by a comment whose first line is\n\n" + fenced({"/approve " + plan});
}

std::string action_page(const ActionPage& shown) {
  const ActionIntended& intent = *shown.intent;
  std::string state = "**" + shown.state + "**";
  if (shown.superseded) state += " (superseded: it had happened already)";
  if (shown.undone) state += ", then undone";
  std::string text = "🛠 **Fixer action**\n\n" + std::string(to_string(intent.action)) + " of " +
                     code(intent.service, 80) + ": " + state + "\n\n" + kTableHead;
  text += row("Operation", code(intent.op, 40)) + row("Plan", code(intent.plan, 64)) +
          row("Container", code(short_id(intent.container))) +
          row("StartedAt before", time_or_dash(intent.seen_started_at)) +
          row("StartedAt after", time_or_dash(shown.started_at)) +
          row("Intended", base::format_utc(shown.intended_at)) +
          pull_rows({&intent, shown.pull, shown.pull_at, shown.merged, shown.closed, shown.place});
  if (shown.ended_at) text += row("Ended", base::format_utc(*shown.ended_at));
  if (!shown.error.empty()) text += row("Error", plain(shown.error, 600));
  if (shown.outcome != nullptr) {
    text +=
        row("Outcome", std::string(shown.outcome->proven ? "proven by the probes" : "not proven"));
  }
  return text;
}

std::string verification_page(const VerificationPage& shown) {
  std::string text = std::string(shown.passed != nullptr ? "✅" : "❌") + " **Verification** " +
                     (shown.passed != nullptr ? "passed" : "failed") + "\n\n";
  if (shown.passed != nullptr && !shown.acted)
    text += "🩹 It recovered without an action of ours.\n\n";
  text += kTableHead;
  if (shown.passed != nullptr) {
    text += row("Probes", std::to_string(shown.passed->probes)) +
            row("Worst latency", std::to_string(shown.passed->worst_ms) + " ms");
  }
  if (shown.asked != nullptr) {
    text += row("Soak", base::format_duration(shown.asked->soak)) +
            row("Since", base::format_utc(shown.asked->since));
  }
  if (shown.first_good != nullptr) {
    text += row("First good answer", std::to_string(shown.first_good->latency_ms) + " ms");
  }
  if (shown.passed != nullptr && !shown.passed->detail.empty()) {
    text += row("Detail", plain(shown.passed->detail, 600));
  }
  if (shown.failed != nullptr) text += row("What failed", plain(shown.failed->reason, 600));
  return text;
}

std::string escalation_page(const Escalated& escalated) {
  return "🙋 **A person is needed**\n\nHanded to " +
         code(escalated.to.empty() ? "a person" : escalated.to, 80) + ": " +
         plain(escalated.reason, 1000) + "\n";
}

std::string self_healed_page(const SelfHealed& healed) {
  return "🩹 **Self-healed**\n\n" + plain(healed.reason, 1000) + "\n";
}

std::string stood_down_page(const StoodDown& stood) {
  return "✋ **Stood down**" + (stood.by.empty() ? "" : " by " + code(stood.by, 80)) + "\n\n" +
         plain(stood.reason, 1000) + "\n";
}

std::string joined_page(const IncidentJoined& joined, const Book& book) {
  const Incident* root = book.find(joined.root);
  return "🔗 **Joined** to " +
         (root == nullptr ? "incident " + std::to_string(joined.root) : name_of(*root)) + "\n\n" +
         plain(joined.reason, 1000) + "\n";
}

std::string joins_page(const std::vector<const Incident*>& joined) {
  std::string text = "🔗 **Joined incidents**\n\n";
  std::size_t n = 0;
  for (const auto* incident : joined) {
    if (++n > 100) break;
    text += "- " + name_of(*incident) + ": " + code(incident->signal.service, 80);
    if (incident->diagnosis) {
      text += ", " + code(to_string(incident->diagnosis->failure)) + " with culprit " +
              code(incident->diagnosis->culprit, 80);
    }
    text += ": " + plain(incident->ending, 300) + "\n";
  }
  return text;
}

std::string postmortem_page(const PostmortemWritten& written) {
  return "📝 **Post-mortem**\n\n" + safe_markdown(written.text, kPageMax - 100);
}

}  // namespace scribe
