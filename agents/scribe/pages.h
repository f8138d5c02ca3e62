// The comments of a thread, one function per kind. Pure; used by thread.cc only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agents/scribe/thread.h"
#include "incident/incident.h"

namespace scribe {

// A text that grows by blocks and refuses those for which GitHub has no room.
class Page {
 public:
  Page& add(const std::string& block);
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
  bool full_ = false;
};

// A diagnosis with what belongs to it: the evidence known and the plan made of it.
struct DiagnosisPage {
  const incident::DiagnosisMade* made = nullptr;
  std::vector<const incident::Evidence*> evidence;
  const incident::PlanMade* plan = nullptr;
};
struct RefusalPage {
  const incident::PlanRefused* refused = nullptr;
  int times = 0;
  base::WallTime last;
  bool is_final = false;  // A person was called.
};
struct ApprovalPage {
  const incident::ApprovalAsked* asked = nullptr;
  std::vector<const incident::ApprovalGiven*> given;  // In order.
  bool waits = false;                                 // For one more person.
};
struct ActionPage {
  const incident::ActionIntended* intent = nullptr;
  base::WallTime intended_at;
  std::string state = "intended";
  std::string started_at, error;  // After.
  std::optional<base::WallTime> ended_at;
  bool superseded = false, undone = false;
  const incident::IncidentResolved* outcome = nullptr;
  const incident::PrOpened* pull = nullptr;  // Of a pull request, with the next four.
  base::WallTime pull_at;
  std::string merged, closed;
  const PullPlace* place = nullptr;
};
struct VerificationPage {
  const incident::VerificationAsked* asked = nullptr;
  const incident::VerificationTried* first_good = nullptr;
  const incident::VerificationPassed* passed = nullptr;
  const incident::VerificationFailed* failed = nullptr;
  bool acted = false;
};

// A command, with what was known when it was said.
struct AnswerPage {
  const incident::OperatorCommanded* said = nullptr;
  const DiagnosisPage* diagnosis = nullptr;      // This and the next may be missing.
  const incident::PlanMade* plan = nullptr;      // That a /restart led to.
  const incident::PlanJudged* judged = nullptr;  // That a /dry-run led to, and its plan.
  const incident::PlanMade* judged_plan = nullptr;
};

// Empty for commands that other comments answer. answers.cc
[[nodiscard]] std::string answer_page(const AnswerPage& page);
[[nodiscard]] std::string memory_page(const incident::MemoryRecalled& recalled);
[[nodiscard]] std::string diagnosis_page(const DiagnosisPage& page);
[[nodiscard]] std::string refusal_page(const RefusalPage& page);
[[nodiscard]] std::string approval_page(const ApprovalPage& page);
[[nodiscard]] std::string action_page(const ActionPage& page);
[[nodiscard]] std::string verification_page(const VerificationPage& page);
[[nodiscard]] std::string escalation_page(const incident::Escalated& escalated);
[[nodiscard]] std::string self_healed_page(const incident::SelfHealed& healed);
[[nodiscard]] std::string stood_down_page(const incident::StoodDown& stood);
[[nodiscard]] std::string joined_page(const incident::IncidentJoined& joined,
                                      const incident::Book& book);
[[nodiscard]] std::string joins_page(const std::vector<const incident::Incident*>& joined);
[[nodiscard]] std::string postmortem_page(const incident::PostmortemWritten& written);

// "MITIGATION: RESTART <service>" or "MITIGATION: NONE".
[[nodiscard]] std::string mitigation_line(const incident::PlanMade& plan);
// "issue #5", or "incident 5" while it has none.
[[nodiscard]] std::string name_of(const incident::Incident& incident);
[[nodiscard]] std::string percent(double share);
// A row of a table with two columns; the value must be fit for a cell.
[[nodiscard]] std::string row(const std::string& name, const std::string& value);

}  // namespace scribe
