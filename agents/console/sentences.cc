#include "agents/console/sentences.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "base/time.h"

namespace console {
namespace {

using namespace incident;  // NOLINT: its event names are this file's vocabulary.

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const auto& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

std::string times(int count) { return count == 1 ? "once" : std::to_string(count) + " times"; }
std::string because(const std::string& reason) { return reason.empty() ? "." : ": " + reason; }
std::string by(const std::string& who) { return who.empty() ? "" : " by " + who; }
std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof text, "%.0f%%", share * 100);
  return text;
}
std::string latency(std::int64_t ms) { return base::format_duration(base::Millis(ms)); }

// "restart of policy-service" or "restart".
std::string action_on(Action action, const std::string& service) {
  return in_words(to_string(action)) + (service.empty() ? "" : " of " + service);
}

std::string say(const IncidentOpened& v) {
  std::string text = v.signal.detail.empty()
                         ? v.signal.service + ": " + in_words(to_string(v.signal.kind))
                         : v.signal.detail;
  if (!v.signal.confirmed_by.empty()) {
    text += " (confirmed by " + joined(v.signal.confirmed_by, ", ") + ")";
  }
  return text;
}
std::string say(const SignalAdded& v) {
  return "Seen again " + times(v.count) +
         because(v.signal.detail.empty() ? in_words(to_string(v.signal.kind)) : v.signal.detail);
}
std::string say(const SelfHealed& v) {
  return "Healthy again without an action of ours" + because(v.reason);
}
std::string say(const VerificationTried& v) {
  const std::string probe = "Probe " + std::to_string(v.attempt) + " after the action ";
  if (v.ok) return probe + "answered in " + latency(v.latency_ms) + ".";
  return probe + "failed" + because(v.detail);
}
std::string say(const VerificationPassed& v) {
  return "Proven healthy by " + std::to_string(v.probes) + " probes, the slowest " +
         latency(v.worst_ms) + ".";
}
std::string say(const VerificationFailed& v) { return "Not proven healthy" + because(v.reason); }
std::string say(const DeploySeen& v) { return "A new image of " + v.service + ": " + v.image; }
std::string say(const DeployReported& v) {
  const std::string what = v.version.empty() ? v.service : v.service + " " + v.version;
  return "A deploy of " + what + " is reported: " + v.status + ".";
}
std::string say(const MemoryRecalled& v) {
  if (v.matches.empty()) return "Nothing like it is remembered.";
  const Match& best = v.matches.front();
  std::string text = "Seen before: incident " + std::to_string(best.incident) + " of " +
                     best.service + ", similarity " + percent(best.similarity);
  if (!v.action.empty()) {
    text += "; " + in_words(v.action) + " worked " + std::to_string(v.worked) + " of " +
            std::to_string(v.tried);
  }
  return text + ".";
}
std::string say(const MemoryIndexed& v) {
  return "Remembered as " + in_words(v.failure) +
         (v.action.empty() ? "" : ", " + in_words(v.action)) +
         (v.proven ? ", proven." : ", not proven.");
}
std::string say(const EvidenceCollected& v) {
  std::vector<std::string> kinds;
  for (const auto& item : v.items) {
    auto kind = in_words(item.kind);
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
  }
  return "Collected " + std::to_string(v.items.size()) + " pieces of evidence" +
         because(joined(kinds, ", "));
}
std::string say(const DiagnosisMade& v) {
  std::string text = "Diagnosis: " + in_words(to_string(v.failure));
  if (!v.culprit.empty()) text += " in " + v.culprit;
  return text + ", confidence " + percent(v.confidence) + because(v.explanation);
}
std::string say(const PlanMade& v) {
  if (v.menu.empty()) return "Plan " + v.hash + " offers nothing to do.";
  const MenuEntry& first = v.menu.front();
  std::string text = "Plan " + v.hash + ": " + action_on(first.action, first.service);
  if (!first.risk.empty()) text += ", risk " + first.risk;
  if (first.tried > 0) {
    text += ", worked " + std::to_string(first.worked) + " of " + std::to_string(first.tried);
  }
  return text + ".";
}
std::string say(const IncidentJoined& v) {
  return "Part of incident " + std::to_string(v.root) + because(v.reason);
}
std::string say(const PostmortemWritten&) { return "The post-mortem is written."; }
std::string say(const PlanRefused& v) {
  return "The guard " + v.guard + " refused plan " + v.plan +
         (v.values.empty() ? "" : " (" + v.values + ")") +
         (v.retry ? "; a new plan may pass." : ".");
}
std::string say(const PlanJudged& v) {
  if (v.entries.empty()) return "There is no plan to look at, asked" + by(v.by) + ".";
  const Judgement& first = v.entries.front();
  return "Dry run of plan " + v.plan + by(v.by) + ": the guards say " + first.answer +
         (first.guard.empty() ? "" : " (" + first.guard + ": " + first.values + ")") + ".";
}
std::string say(const ApprovalAsked& v) {
  return "Plan " + v.plan + " waits for a person's approval until " +
         base::format_utc(v.expires, false) + ".";
}
std::string say(const ActionIntended& v) {
  return "About to carry out the " + action_on(v.action, v.service) + ".";
}
std::string say(const ActionDone& v) {
  return v.superseded ? "Already done by somebody else: the container has started anew."
                      : "The engine has done it.";
}
std::string say(const ActionFailed& v) { return "The engine refused" + because(v.error); }
std::string say(const ActionUnknown& v) {
  return "The outcome is not known, looking before anything else" + because(v.error);
}
std::string say(const VerificationAsked& v) {
  return "Proof asked for: " + v.service + " must stay healthy for " +
         base::format_duration(v.soak) + ".";
}
std::string say(const UndoDone&) { return "The action is taken back."; }
std::string say(const IncidentResolved& v) {
  const std::string how = v.action.empty() ? "" : " by " + in_words(v.action);
  return "Resolved" + how + (v.proven ? ", proven." : ", not proven.");
}
std::string say(const Escalated& v) {
  return "Handed to " + (v.to.empty() ? "a person" : v.to) + because(v.reason);
}
std::string say(const IssueOpened& v) { return "Issue #" + std::to_string(v.number) + " is open."; }
std::string say(const ApprovalGiven& v) { return "Plan " + v.plan + " approved" + by(v.by) + "."; }
std::string say(const PrOpened& v) {
  return "Pull request #" + std::to_string(v.number) + " is open.";
}
std::string say(const PrMerged& v) { return "The pull request is merged as " + v.commit + "."; }
std::string say(const PrClosed& v) {
  return "The pull request is closed without a merge" + because(v.reason);
}
std::string say(const IncidentClosed& v) { return "The issue is closed" + because(v.reason); }
std::string say(const IncidentReopened& v) { return "Reopened" + by(v.by) + "."; }
std::string say(const OperatorCommanded& v) { return "Command " + v.command + by(v.by) + "."; }
std::string say(const GithubIntended& v) {
  if (v.kind == "hand_over") return "A coding agent is asked to take it (" + v.key + ").";
  return "About to write to GitHub: " + in_words(v.kind) +
         (v.key.empty() ? "" : " (" + v.key + ")") + ".";
}
std::string say(const GithubDone&) { return "GitHub has it."; }
std::string say(const GithubFailed& v) { return "GitHub refused" + because(v.error); }
std::string say(const GithubUnknown& v) {
  return "GitHub's answer is not known, looking before anything else" + because(v.error);
}
std::string say(const OpHeld& v) { return "An operation is held" + because(v.reason); }
std::string say(const VotesCounted& v) {
  return "People's votes on the action: " + std::to_string(v.up) + " for, " +
         std::to_string(v.down) + " against.";
}
std::string say(const StoodDown& v) { return "Stood down" + by(v.by) + because(v.reason); }
std::string say(const StopSet& v) { return "Everything is stopped" + by(v.by) + because(v.reason); }
std::string say(const StopCleared& v) { return "Work goes on, resumed" + by(v.by) + "."; }

}  // namespace

std::string in_words(std::string_view name) {
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string sentence(const Event& event) {
  std::string text =
      base::clean_text(std::visit([](const auto& value) { return say(value); }, event.what));
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= kSentenceMax) return text;
  return std::string(base::cut_utf8(text, kSentenceMax - 3)) + "…";
}

bool is_bookkeeping(const Payload& what) {
  return std::holds_alternative<GithubIntended>(what) || std::holds_alternative<GithubDone>(what) ||
         std::holds_alternative<GithubFailed>(what) || std::holds_alternative<GithubUnknown>(what);
}

}  // namespace console
