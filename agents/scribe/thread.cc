#include "agents/scribe/thread.h"

#include <algorithm>
#include <map>
#include <optional>

#include "agents/scribe/card.h"
#include "agents/scribe/markdown.h"
#include "agents/scribe/pages.h"
#include "base/text.h"

namespace scribe {
namespace {

using namespace incident;  // NOLINT: the domain's words are this file's words.

constexpr std::size_t kTitleMax = 256, kLabelMax = 50;  // Characters; we cut bytes, which is safe.

constexpr int kAnswersMax = 10;  // Comments to people, per incident.

template <class T>
const T* as(const Event& event) {
  return std::get_if<T>(&event.what);
}

// Reads the events in order and keeps, per comment key, what the comment shall say. The order of
// the keys is the order of their first events.
class Comments {
 public:
  Comments(const Book& book, const ThreadOptions& options) : book_(book), options_(options) {}

  void take(const Event& event) {
    take_diagnosis(event);
    take_plan(event);
    take_action(event);
    take_verdict(event);
    take_rest(event);
  }

  [[nodiscard]] std::vector<Comment> all() {
    std::vector<Comment> comments;
    for (const auto& key : order_) comments.push_back({key, body_of(key)});
    return comments;
  }
  void put(const std::string& key, std::string body) {
    note(key);
    fixed_[key] = std::move(body);
  }

 private:
  void note(const std::string& key) {
    if (std::find(order_.begin(), order_.end(), key) == order_.end()) order_.push_back(key);
  }

  void take_diagnosis(const Event& event) {
    if (const auto* collected = as<EvidenceCollected>(event)) {
      for (const auto& item : collected->items) evidence_.push_back(&item);
      // What is collected after a diagnosis amends it.
      if (!diagnosis_.empty()) diagnoses_[diagnosis_].evidence = evidence_;
    }
    if (const auto* made = as<DiagnosisMade>(event)) {
      const auto before = diagnoses_.find(diagnosis_);
      const bool same = before != diagnoses_.end() &&
                        before->second.made->failure == made->failure &&
                        before->second.made->culprit == made->culprit;
      if (!same) diagnosis_ = "diagnosis:" + std::to_string(diagnoses_.size() + 1);
      diagnoses_[diagnosis_].made = made;
      diagnoses_[diagnosis_].evidence = evidence_;
      note(diagnosis_);
    }
    const auto* plan = as<PlanMade>(event);
    // One that offers nothing after another says that a runbook is over.
    const bool counts = plan != nullptr && !diagnosis_.empty() &&
                        (!plan->menu.empty() || diagnoses_[diagnosis_].plan == nullptr);
    if (counts) {
      if (goes_on(diagnoses_[diagnosis_].plan, *plan)) repeat_diagnosis();
      diagnoses_[diagnosis_].plan = plan;
    }
  }

  // The next step of a runbook, or the runbook that follows a failed one, is a page of its own.
  static bool goes_on(const PlanMade* before, const PlanMade& plan) {
    if (before == nullptr || before->menu.empty() || plan.menu.empty()) return false;
    const auto &was = before->menu.front(), &is = plan.menu.front();
    return !is.runbook.empty() && (is.step > was.step || is.runbook == was.on_failure);
  }
  void repeat_diagnosis() {
    const auto last = diagnoses_[diagnosis_];
    diagnosis_ = "diagnosis:" + std::to_string(diagnoses_.size() + 1);
    diagnoses_[diagnosis_] = last;
    note(diagnosis_);
  }

  void take_plan(const Event& event) {
    if (const auto* refused = as<PlanRefused>(event)) {
      const std::string key = "refused:" + bare(refused->guard, 40);
      auto& page = refusals_[key];
      page = {refused, page.times + 1, event.at, false};
      refusal_ = key;
      note(key);
    }
    if (const auto* asked = as<ApprovalAsked>(event)) {
      const std::string key = "approval:" + bare(asked->plan, 40);
      approvals_[key].asked = asked;
      approvals_[key].waits = true;
      note(key);
    }
    if (const auto* plan = as<PlanMade>(event)) {
      plans_[plan->hash] = plan;
      if (!plan->asked_by.empty() && !wish_.key.empty())
        put(wish_.key, answer_page({wish_.said, nullptr, plan, nullptr, nullptr}));
    }
    if (const auto* judged = as<PlanJudged>(event); judged != nullptr && !dry_run_.key.empty()) {
      const auto plan = plans_.find(judged->plan);
      put(dry_run_.key, answer_page({dry_run_.said, nullptr, nullptr, judged,
                                     plan == plans_.end() ? nullptr : plan->second}));
    }
    if (const auto* given = as<ApprovalGiven>(event)) {
      const auto found = approvals_.find("approval:" + bare(given->plan, 40));
      if (found != approvals_.end()) {
        found->second.given.push_back(given);
        found->second.waits = false;
      }
    }
  }

  ActionPage* action(const std::string& op) {
    for (auto& [key, page] : actions_) {
      if (page.intent->op == op) return &page;
    }
    return nullptr;
  }
  void end_action(const std::string& op, const Event& event, const char* state,
                  const std::string& error) {
    ActionPage* page = action(op);
    if (page == nullptr) return;
    page->state = state;
    page->error = error;
    page->ended_at = event.at;
  }
  void take_action(const Event& event) {
    if (const auto* intended = as<ActionIntended>(event)) {
      const std::string key = "action:" + std::to_string(actions_.size() + 1);
      actions_[key].intent = intended;
      actions_[key].intended_at = event.at;
      actions_[key].place = place_of(options_, intended->service);
      note(key);
    }
    if (const auto* done = as<ActionDone>(event)) {
      end_action(done->op, event, "done", "");
      if (ActionPage* page = action(done->op)) {
        page->started_at = done->started_at;
        page->superseded = done->superseded;
      }
    }
    if (const auto* failed = as<ActionFailed>(event))
      end_action(failed->op, event, "failed", failed->error);
    if (const auto* unknown = as<ActionUnknown>(event)) {
      end_action(unknown->op, event, "unknown", unknown->error);
    }
    take_pull(event);
    if (const auto* undone = as<UndoDone>(event)) {
      if (ActionPage* page = action(undone->op)) page->undone = true;
    }
    if (const auto* resolved = as<IncidentResolved>(event)) {
      if (ActionPage* page = action(resolved->op)) page->outcome = resolved;
    }
  }

  void take_pull(const Event& event) {
    if (const auto* opened = as<PrOpened>(event)) {
      if (ActionPage* page = action(opened->op)) {
        page->pull = opened;
        page->pull_at = event.at;
      }
    }
    if (const auto* merged = as<PrMerged>(event)) {
      if (ActionPage* page = action(merged->op)) page->merged = merged->commit;
    }
    if (const auto* closed = as<PrClosed>(event)) {
      if (ActionPage* page = action(closed->op)) page->closed = closed->reason;
    }
  }

  void take_verdict(const Event& event) {
    if (const auto* asked = as<VerificationAsked>(event)) {
      asked_ = asked;
      first_good_ = nullptr;
    }
    if (const auto* tried = as<VerificationTried>(event)) {
      if (tried->ok && first_good_ == nullptr) first_good_ = tried;
    }
    const auto* passed = as<VerificationPassed>(event);
    const auto* failed = as<VerificationFailed>(event);
    if (passed == nullptr && failed == nullptr) return;
    put("verification:" + std::to_string(++verdicts_),
        verification_page({asked_, first_good_, passed, failed, !actions_.empty()}));
  }

  void take_rest(const Event& event) {
    if (const auto* recalled = as<MemoryRecalled>(event)) put("memory:1", memory_page(*recalled));
    if (const auto* escalated = as<Escalated>(event)) {
      if (const auto found = refusals_.find(refusal_); found != refusals_.end())
        found->second.is_final = true;
      put("escalation:" + std::to_string(++escalations_), escalation_page(*escalated));
    }
    if (const auto* healed = as<SelfHealed>(event)) put("self-healed:1", self_healed_page(*healed));
    if (const auto* stood = as<StoodDown>(event)) put("stood-down:1", stood_down_page(*stood));
    if (const auto* joined = as<IncidentJoined>(event))
      put("joined:1", joined_page(*joined, book_));
    if (const auto* said = as<OperatorCommanded>(event)) answer(*said);
    const auto* opened = as<IncidentOpened>(event);
    if (opened != nullptr && opened->signal.kind == SignalKind::asked) {
      wanted_ = {opened->signal.asked, opened->signal.asked_by, ""};
      answer(wanted_);
    }
    if (const auto* written = as<PostmortemWritten>(event))
      put("postmortem:1", postmortem_page(*written));
  }

  // It says what was known then. Only what comes of a wish or a dry run is put in later.
  void answer(const OperatorCommanded& said) {
    const auto known = diagnoses_.find(diagnosis_);
    std::string page = answer_page(
        {&said, known == diagnoses_.end() ? nullptr : &known->second, nullptr, nullptr, nullptr});
    const bool counts = said.refusal.empty();
    const bool asks = counts && incident::asks_for_action(said);
    if (asks) wish_ = {};
    if (counts && verb_of(said) == "/dry-run") dry_run_ = {};
    if (page.empty() || answers_ == kAnswersMax) return;
    const std::string key = "answer:" + std::to_string(++answers_);
    put(key, std::move(page));
    if (asks) wish_ = {key, &said};
    if (counts && verb_of(said) == "/dry-run") dry_run_ = {key, &said};
  }

  [[nodiscard]] std::string body_of(const std::string& key) const {
    if (const auto found = fixed_.find(key); found != fixed_.end()) return found->second;
    if (const auto found = diagnoses_.find(key); found != diagnoses_.end())
      return diagnosis_page(found->second);
    if (const auto found = refusals_.find(key); found != refusals_.end())
      return refusal_page(found->second);
    if (const auto found = approvals_.find(key); found != approvals_.end())
      return approval_page(found->second);
    return action_page(actions_.at(key));
  }

  const Book& book_;
  const ThreadOptions& options_;
  std::vector<std::string> order_;
  std::map<std::string, std::string> fixed_;
  std::map<std::string, DiagnosisPage> diagnoses_;
  std::map<std::string, RefusalPage> refusals_;
  std::string refusal_;  // Key of the latest one.
  std::map<std::string, ApprovalPage> approvals_;
  std::map<std::string, ActionPage> actions_;
  std::vector<const Evidence*> evidence_;
  std::string diagnosis_;                         // Key of the current one.
  std::map<std::string, const PlanMade*> plans_;  // By hash.
  struct Answer {
    std::string key;
    const OperatorCommanded* said = nullptr;
  };
  OperatorCommanded wanted_;  // What the incident was opened for, when it is a wish.
  Answer wish_, dry_run_;     // The latest that something is still put into.
  const VerificationAsked* asked_ = nullptr;
  const VerificationTried* first_good_ = nullptr;
  int verdicts_ = 0, escalations_ = 0, answers_ = 0;
};

std::vector<const Incident*> joined_to(IncidentId root, const Book& book) {
  std::vector<const Incident*> found;
  for (const auto& [id, entry] : book.entries()) {
    if (entry.incident.root == root && id != root) found.push_back(&entry.incident);
  }
  return found;
}

std::string label_text(std::string text) {
  std::replace(text.begin(), text.end(), ',', '_');  // A comma separates labels in queries.
  return std::string(base::cut_utf8(text, kLabelMax));
}

std::vector<std::string> labels_of(const Incident& incident, State end) {
  std::vector<std::string> labels = {"incident", service_label(incident.signal.service),
                                     "severity: " + std::string(to_string(incident.severity)),
                                     status_label(incident, end)};
  if (incident.diagnosis)
    labels.push_back("class: " + std::string(to_string(incident.diagnosis->failure)));
  if (incident.indexed) labels.emplace_back("Learning: Indexed");
  return labels;
}

// The endings that need no issue when there was none by then.
bool needs_no_issue(State end) { return end == State::joined || end == State::stood_down; }

}  // namespace

const PullPlace* place_of(const ThreadOptions& options, const std::string& service) {
  if (options.places == nullptr) return nullptr;
  const auto found = options.places->find(service);
  return found == options.places->end() ? nullptr : &found->second;
}

State road_end(const Book::Entry& entry) {
  if (entry.incident.state != State::closed) return entry.incident.state;
  Incident incident = open(entry.events.front()).incident;
  State end = incident.state;
  for (std::size_t i = 1; i < entry.events.size(); ++i) {
    incident = advance(incident, entry.events[i]).incident;
    if (incident.state != State::closed) end = incident.state;
  }
  return end;
}

std::string status_label(const Incident& incident, State state) {
  const char* diagnosed = incident.diagnosis ? "Status: Diagnosed" : "Status: Detected";
  switch (state) {
    case State::open:
    case State::diagnosing:
    case State::inconclusive:
    case State::stood_down:
    case State::joined:
      return diagnosed;
    case State::planned:
      return "Status: Diagnosed";
    case State::awaiting_approval:
      return "Status: Awaiting-Approval";
    case State::acting:
      return "Status: Fixing";
    case State::verifying:
      if (incident.attempts.empty()) return "Status: Diagnosed";
      return incident.failed ? "Status: Fixing" : "Status: Fixed";
    case State::resolved:
    case State::closed:
      return "Status: AI-Resolved";
    case State::self_healed:
      return "Status: Fixed";
    case State::escalated:
      return "Status: Needs-Human";
  }
  return diagnosed;
}

std::string service_label(std::string_view service) {
  return label_text("service: " + bare(service, kLabelMax));
}

Thread project(const Book::Entry& entry, const Book& book, const ThreadOptions& options) {
  const Incident& incident = entry.incident;
  const State end = road_end(entry);
  Thread thread;
  thread.incident = incident.id;
  thread.wanted = incident.issue > 0 || (!needs_no_issue(end) && incident.state != State::closed);
  // The opening signal names the symptom for good: a title that changes is hard to find again.
  thread.title = std::string(base::cut_utf8((is_wish(incident) ? "[REQUEST] " : "[INCIDENT] ") +
                                                bare(incident.signal.service, 100) + ": " +
                                                symptom(incident.signal),
                                            kTitleMax));
  thread.body = card(incident, end, book, options);
  thread.labels = labels_of(incident, end);
  Comments comments(book, options);
  for (const auto& event : entry.events) comments.take(event);
  if (const auto joined = joined_to(incident.id, book); !joined.empty())
    comments.put("joins:1", joins_page(joined));
  thread.comments = comments.all();
  thread.closed = incident.state == State::closed || is_due(incident, Command::close_issue);
  thread.state_reason =
      end == State::resolved || end == State::self_healed ? "completed" : "not_planned";
  return thread;
}

Thread project_control(const Book& book) {
  Thread thread;
  thread.wanted = true;
  thread.title = "SRE-Space control";
  thread.labels = {kControlLabel};
  thread.body =
      std::string("🎛 **Control issue of SRE-Space**\n\n") +
      "Put the label `sre:stop` on this issue and nothing more is done to any container; "
      "incidents are still detected, diagnosed and told. Take it off, and work goes on.\n\n";
  if (book.stop()) {
    thread.body += "State: **stopped** by " + code(book.stop()->by, 80) + ": " +
                   plain(book.stop()->reason, 300) + "\n";
  } else {
    thread.body += "State: **running**\n";
  }
  return thread;
}

}  // namespace scribe
