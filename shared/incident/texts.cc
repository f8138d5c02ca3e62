#include "incident/texts.h"

#include <algorithm>

namespace incident {
namespace {

using Edit = std::function<void(std::string&)>;

void edit_lines(std::vector<std::string>& lines, const Edit& edit) {
  if (lines.empty()) return;
  std::string text;
  for (const auto& line : lines) text += (&line == &lines.front() ? "" : "\n") + line;
  const std::string before = text;
  edit(text);
  if (text == before) return;
  lines.clear();
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
}

void texts(Signal& v, const Edit& edit) {
  edit(v.service);
  edit(v.container);
  edit(v.container_name);
  edit(v.image);
  edit(v.started_at);
  edit(v.detail);
  edit(v.probe);
  edit_lines(v.confirmed_by, edit);
  edit(v.asked);
  edit(v.asked_by);
}
void texts(Evidence& v, const Edit& edit) {
  edit(v.id);
  edit(v.kind);
  edit(v.text);
  edit_lines(v.lines, edit);
}
void texts(Cause& v, const Edit& edit) {
  edit(v.from);
  edit(v.to);
  edit(v.evidence);
}
void texts(MenuEntry& v, const Edit& edit) {
  edit(v.id);
  edit(v.service);
  edit(v.container);
  edit(v.seen_started_at);
  edit(v.risk);
  edit(v.undo);
  edit(v.reason);
  edit(v.runbook);
  edit(v.on_failure);
  edit(v.change.field);
  edit(v.snapshot);
  edit(v.commit);
}
void texts(Match& v, const Edit& edit) {
  edit(v.service);
  edit(v.failure);
  edit(v.action);
}
void texts(Judgement& v, const Edit& edit) {
  edit(v.entry);
  edit(v.answer);
  edit(v.guard);
  edit(v.values);
}
void texts(IncidentOpened& v, const Edit& edit) {
  texts(v.signal, edit);
  edit(v.fingerprint);
}
void texts(SignalAdded& v, const Edit& edit) { texts(v.signal, edit); }
void texts(SelfHealed& v, const Edit& edit) { edit(v.reason); }
void texts(VerificationTried& v, const Edit& edit) {
  edit(v.op);
  edit(v.detail);
}
void texts(VerificationPassed& v, const Edit& edit) {
  edit(v.op);
  edit(v.detail);
}
void texts(VerificationFailed& v, const Edit& edit) {
  edit(v.op);
  edit(v.reason);
}
void texts(DeploySeen& v, const Edit& edit) {
  edit(v.service);
  edit(v.container);
  edit(v.image);
  edit(v.image_id);
  edit(v.snapshot);
  edit(v.commit);
  edit(v.version);
}
void texts(DeployReported& v, const Edit& edit) {
  edit(v.service);
  edit(v.environment);
  edit(v.version);
  edit(v.commit);
  edit(v.status);
}
void texts(MemoryRecalled& v, const Edit& edit) {
  for (auto& item : v.matches) texts(item, edit);
  edit(v.action);
}
void texts(MemoryIndexed& v, const Edit& edit) {
  edit(v.failure);
  edit(v.action);
}
void texts(EvidenceCollected& v, const Edit& edit) {
  for (auto& item : v.items) texts(item, edit);
}
void texts(DiagnosisMade& v, const Edit& edit) {
  edit(v.culprit);
  for (auto& item : v.path) texts(item, edit);
  edit_lines(v.ruled_out, edit);
  edit(v.explanation);
  edit(v.rule);
  edit(v.commit);
}
void texts(PlanMade& v, const Edit& edit) {
  edit(v.hash);
  for (auto& item : v.menu) texts(item, edit);
  edit(v.asked_by);
}
void texts(IncidentJoined& v, const Edit& edit) { edit(v.reason); }
void texts(PostmortemWritten& v, const Edit& edit) { edit(v.text); }
void texts(PlanRefused& v, const Edit& edit) {
  edit(v.plan);
  edit(v.guard);
  edit(v.values);
}
void texts(PlanJudged& v, const Edit& edit) {
  edit(v.plan);
  edit(v.by);
  for (auto& item : v.entries) texts(item, edit);
}
void texts(ApprovalAsked& v, const Edit& edit) { edit(v.plan); }
void texts(ActionIntended& v, const Edit& edit) {
  edit(v.op);
  edit(v.plan);
  edit(v.service);
  edit(v.container);
  edit(v.seen_started_at);
  edit(v.change.field);
  edit(v.undoes);
  edit(v.snapshot);
  edit(v.commit);
}
void texts(ActionDone& v, const Edit& edit) {
  edit(v.op);
  edit(v.started_at);
  edit(v.container);
  edit(v.snapshot);
}
void texts(ActionFailed& v, const Edit& edit) {
  edit(v.op);
  edit(v.error);
}
void texts(ActionUnknown& v, const Edit& edit) {
  edit(v.op);
  edit(v.error);
}
void texts(VerificationAsked& v, const Edit& edit) {
  edit(v.op);
  edit(v.service);
}
void texts(UndoDone& v, const Edit& edit) { edit(v.op); }
void texts(IncidentResolved& v, const Edit& edit) {
  edit(v.op);
  edit(v.action);
}
void texts(Escalated& v, const Edit& edit) {
  edit(v.to);
  edit(v.reason);
}
void texts(IssueOpened& v, const Edit& edit) { edit(v.url); }
void texts(ApprovalGiven& v, const Edit& edit) {
  edit(v.plan);
  edit(v.by);
}
void texts(PrOpened& v, const Edit& edit) {
  edit(v.op);
  edit(v.url);
  edit(v.branch);
  edit(v.head);
}
void texts(PrMerged& v, const Edit& edit) {
  edit(v.op);
  edit(v.commit);
}
void texts(PrClosed& v, const Edit& edit) {
  edit(v.op);
  edit(v.reason);
}
void texts(IncidentClosed& v, const Edit& edit) { edit(v.reason); }
void texts(IncidentReopened& v, const Edit& edit) { edit(v.by); }
void texts(OperatorCommanded& v, const Edit& edit) {
  edit(v.command);
  edit(v.by);
  edit(v.refusal);
}
void texts(GithubIntended& v, const Edit& edit) {
  edit(v.op);
  edit(v.kind);
  edit(v.key);
  edit(v.digest);
}
void texts(GithubDone& v, const Edit& edit) {
  edit(v.op);
  edit(v.url);
}
void texts(GithubFailed& v, const Edit& edit) {
  edit(v.op);
  edit(v.error);
}
void texts(GithubUnknown& v, const Edit& edit) {
  edit(v.op);
  edit(v.error);
}
void texts(OpHeld& v, const Edit& edit) {
  edit(v.op);
  edit(v.reason);
}
void texts(VotesCounted& v, const Edit& edit) { edit(v.op); }
void texts(StoodDown& v, const Edit& edit) {
  edit(v.reason);
  edit(v.by);
}
void texts(StopSet& v, const Edit& edit) {
  edit(v.reason);
  edit(v.by);
}
void texts(StopCleared& v, const Edit& edit) { edit(v.by); }

}  // namespace

void edit_texts(Payload& what, const std::function<void(std::string&)>& edit) {
  std::visit([&](auto& value) { texts(value, edit); }, static_cast<PayloadVariant&>(what));
}

}  // namespace incident
