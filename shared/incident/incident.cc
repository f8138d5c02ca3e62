// The one state chart of an incident.
//
// clang-format off
//
//                  evidence            plan              intent          outcome, proof asked
//          open ─────────────▶ diagnosing ──▶ planned ───────────▶ acting ──────────────▶ verifying
//                                ▲ ▲ │ ▲        │  ▲                │ ▲ └ failed: again     │ │ │ │
//                                │ │ │ └refused,┘  │given           │ │                     │ │ │ │
//                                │ │ │  retry      ▼asked           │ └──────undo───────────┘ │ │ │
//                                │ │ │       awaiting_approval      │                         │ │ │
//                                │ │ │                              │ not made, taken back    │ │ │
//                                │ └─┼──────────────────────────────┘ (a runbook follows)     │ │ │
//                                └───┼────────────────────────────────────────────────────────┘ │ │
//                                    │        proven, the runbook goes on; not proven, another  │ │
//                                    │        follows                                           │ │
//    "nothing wrong": inconclusive ◀─┤                               proven: resolved ◀─────────┘ │
//  nothing more to do after a proof: └▶ resolved              of doing nothing: self_healed ◀─────┘
//
//    from anywhere before the end: escalated (a guard, a failed outcome or proof, an expired
//    approval, a person), joined (to its root), stood_down (a person), self_healed (gone)
//    resolved, escalated, inconclusive, joined, stood_down, self_healed ──closed──▶ closed
//    closed ──reopened──▶ diagnosing
//
// clang-format on
//
// In acting, a failed restart may be followed by another intent of the same plan.
// A step that is proven while its runbook may have another action, and one that is not proven while
// another runbook is to follow, lead back to diagnosing: the Brain plans what comes, or says by a
// plan that offers nothing that nothing does. What is proven not to help is taken back first, where
// it can be.
// A plan to do nothing goes from planned straight to verifying; what passes there healed by itself.
// A plan that a person asked for (`/restart`, `/rollback`, `/scale`) leads to planned from anywhere
// before acting, and it alone leads there from escalated.
#include "incident/incident.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ensure.h"
#include "base/names.h"
#include "base/text.h"

namespace incident {
namespace {

constexpr base::NameTable<State, 13> kStates{{{State::open, "open"},
                                              {State::diagnosing, "diagnosing"},
                                              {State::planned, "planned"},
                                              {State::awaiting_approval, "awaiting_approval"},
                                              {State::acting, "acting"},
                                              {State::verifying, "verifying"},
                                              {State::resolved, "resolved"},
                                              {State::closed, "closed"},
                                              {State::escalated, "escalated"},
                                              {State::inconclusive, "inconclusive"},
                                              {State::stood_down, "stood_down"},
                                              {State::self_healed, "self_healed"},
                                              {State::joined, "joined"}}};

constexpr base::NameTable<Command, 10> kCommands{{{Command::diagnose, "diagnose"},
                                                  {Command::decide, "decide"},
                                                  {Command::act, "act"},
                                                  {Command::verify, "verify"},
                                                  {Command::record_outcome, "record_outcome"},
                                                  {Command::write_postmortem, "write_postmortem"},
                                                  {Command::index, "index"},
                                                  {Command::close_issue, "close_issue"},
                                                  {Command::call_person, "call_person"},
                                                  {Command::plan_asked, "plan_asked"}}};

constexpr base::NameTable<OperationState, 5> kOperationStates{{{OperationState::intent, "intent"},
                                                               {OperationState::done, "done"},
                                                               {OperationState::failed, "failed"},
                                                               {OperationState::unknown, "unknown"},
                                                               {OperationState::held, "held"}}};

template <class T>
const T* as(const Event& event) {
  return std::get_if<T>(&event.what);
}

void reach(Incident& incident, const char* phase, const Event& event) {
  incident.reached.try_emplace(phase, Moment{event.at, event.boot});
}

Step stay(Incident incident, std::string reason) {
  return {std::move(incident), {}, std::move(reason), false};
}
Step ignore(const Incident& was, const Event& event) {
  return stay(was, std::string(name_of(event.what)) + " changes nothing in state " +
                       std::string(to_string(was.state)));
}
Step enter(Incident incident, State state, std::string reason) {
  incident.state = state;
  return {std::move(incident), {}, std::move(reason), true};
}

// A verdict on an earlier proof says nothing of the next one.
void forget_proof(Incident& incident) {
  incident.first_good.reset();
  incident.passed.reset();
  incident.failed.reset();
}

bool is_scaling(Action action) {
  return action == Action::scale_up || action == Action::scale_down;
}

// Exactly what the person asked for, or why it cannot be.
bool is_as_asked(const Incident& incident, const PlanMade& plan) {
  const auto& asked = incident.action_asked;
  const MenuEntry& first = plan.menu.front();
  if (!asked || plan.asked_by != asked->by) return false;
  if (first.action == Action::escalate) return true;
  if (first.service != asked->service) return false;
  if (asked->action == Action::scale_up)
    return is_scaling(first.action) && first.change.to == asked->count;
  if (asked->action == Action::restart) return first.action == Action::restart;
  return first.action == Action::rollback || is_scaling(first.action);
}

// An incident's plan always offers something.
Step take_plan(Incident incident, const Event& event, const PlanMade& plan) {
  if (plan.menu.empty()) return stay(std::move(incident), "a plan that offers nothing is none");
  const bool is_asked = !plan.asked_by.empty();
  if (is_asked && !is_as_asked(incident, plan))
    return stay(std::move(incident), "nobody asked for this plan");
  incident.plan = plan;
  incident.refused.reset();
  incident.asked.reset();
  incident.approval.reset();
  incident.approvals.clear();
  forget_proof(incident);
  if (is_asked) {  // The words that asked for it approve it, once.
    incident.approval = ApprovalGiven{plan.hash, plan.asked_by};
    incident.approvals = {*incident.approval};
    incident.action_asked.reset();
    incident.escalation.reset();
    incident.indexed = false;  // What comes of it is another case.
  }
  reach(incident, "planned", event);
  return enter(std::move(incident), State::planned, "a plan is made");
}

// open and diagnosing: Brain's work.
Step on_diagnosing(const Incident& was, const Event& event) {
  Incident next = was;
  if (const auto* made = as<DiagnosisMade>(event)) {
    next.diagnosis = *made;
    reach(next, "diagnosed", event);
    if (made->failure == FailureClass::nothing_wrong)
      return enter(std::move(next), State::inconclusive, made->explanation);
    return enter(std::move(next), State::diagnosing, "the cause is named");
  }
  const auto* plan = as<PlanMade>(event);
  if (plan != nullptr && plan->menu.empty() && was.passed) {
    reach(next, "resolved", event);
    return enter(std::move(next), State::resolved,
                 "proven healthy, and nothing more of the runbook is possible");
  }
  if (plan != nullptr) return take_plan(std::move(next), event, *plan);
  if (as<EvidenceCollected>(event) != nullptr && was.state == State::open) {
    return enter(std::move(next), State::diagnosing, "evidence is collected");
  }
  return ignore(was, event);
}

Attempt* find_attempt(Incident& incident, const std::string& op) {
  return const_cast<Attempt*>(incident::find_attempt(std::as_const(incident), op));
}

Step intend(Incident incident, const Event& event, const ActionIntended& intended) {
  Attempt attempt;
  attempt.intent = intended;
  attempt.intended_at = event.at;
  incident.attempts.push_back(std::move(attempt));
  incident.action_asked.reset();  // Asked for before this: overtaken.
  forget_proof(incident);
  return enter(std::move(incident), State::acting, "an operation is intended");
}

Step begin_verifying(Incident incident, const VerificationAsked& asked) {
  forget_proof(incident);
  incident.verification = asked;
  return enter(std::move(incident), State::verifying, "proof is asked for");
}

// planned and awaiting_approval: the Fixer judges, a person may have to agree.
Step on_planned(const Incident& was, const Event& event) {
  Incident next = was;
  if (const auto* intended = as<ActionIntended>(event))
    return intend(std::move(next), event, *intended);
  if (const auto* asked = as<VerificationAsked>(event))
    return begin_verifying(std::move(next), *asked);
  if (const auto* plan = as<PlanMade>(event)) return take_plan(std::move(next), event, *plan);
  if (const auto* asked = as<ApprovalAsked>(event)) {
    next.asked = *asked;
    return enter(std::move(next), State::awaiting_approval, "a person must approve");
  }
  if (const auto* given = as<ApprovalGiven>(event)) {
    if (!was.plan || given->plan != was.plan->hash)
      return stay(was, "the approval names another plan");
    next.approval = *given;
    next.approvals.push_back(*given);
    return enter(std::move(next), State::planned, "approved by " + given->by);
  }
  if (const auto* refused = as<PlanRefused>(event)) {
    next.refused = *refused;
    if (!refused->retry) return {std::move(next), {}, "refused by " + refused->guard, true};
    return enter(std::move(next), State::diagnosing,
                 "refused by " + refused->guard + ": a new plan is needed");
  }
  return ignore(was, event);
}

// False when what is being verified is the success of leaving it alone. A reopened incident may
// have attempts of its earlier life and yet a plan to do nothing.
bool was_treated(const Incident& incident) {
  const bool planned_nothing = incident.plan && !incident.plan->menu.empty() &&
                               incident.plan->menu.front().action == Action::noop;
  return !incident.attempts.empty() && !planned_nothing;
}

// The step of a runbook that the last operation carried out; nullptr: of none.
const MenuEntry* treatment(const Incident& incident) {
  if (!was_treated(incident) || !incident.plan) return nullptr;
  const auto& entry = incident.plan->menu.front();
  return entry.runbook.empty() || incident.attempts.back().intent.plan != incident.plan->hash
             ? nullptr
             : &entry;
}

// What follows when the last step did not help or could not be taken; empty: a person is called.
std::string next_runbook(const Incident& incident) {
  const MenuEntry* step = treatment(incident);
  return step == nullptr ? "" : step->on_failure;
}

Step on_acting(const Incident& was, const Event& event) {
  Incident next = was;
  const auto end = [&](const std::string& op, OperationState state, std::string error) {
    Attempt* attempt = find_attempt(next, op);
    if (attempt == nullptr) return false;
    attempt->state = state;
    attempt->error = std::move(error);
    attempt->ended_at = event.at;
    return true;
  };
  if (const auto* done = as<ActionDone>(event)) {
    if (!end(done->op, OperationState::done, ""))
      return stay(was, "an outcome of an unknown operation");
    Attempt& attempt = *find_attempt(next, done->op);
    attempt.started_at = done->started_at;
    attempt.container = done->container;
    attempt.snapshot = done->snapshot;
    reach(next, "acted", event);
    return {std::move(next), {}, "the engine accepted", true};
  }
  if (const auto* failed = as<ActionFailed>(event)) {
    if (!end(failed->op, OperationState::failed, failed->error))
      return stay(was, "an outcome of an unknown operation");
    // A restart that did not happen is tried again; for a change something else may follow.
    const Attempt& last = was.attempts.back();
    const bool is_change = last.intent.action != Action::restart && last.intent.undoes.empty();
    if (const auto follows = next_runbook(was); is_change && !follows.empty())
      return enter(std::move(next), State::diagnosing,
                   "not done: " + failed->error + "; runbook " + follows + " follows");
    return {std::move(next), {}, "the operation failed: " + failed->error, true};
  }
  if (as<UndoDone>(event) != nullptr) {
    if (const auto follows = next_runbook(was); !follows.empty())
      return enter(std::move(next), State::diagnosing,
                   "taken back; runbook " + follows + " follows");
    return stay(std::move(next), "taken back");
  }
  if (const auto* unknown = as<ActionUnknown>(event)) {
    if (!end(unknown->op, OperationState::unknown, unknown->error))
      return stay(was, "an outcome of an unknown operation");
    return {std::move(next), {}, "the outcome is unknown: observe first", true};
  }
  if (const auto* held = as<OpHeld>(event)) {
    if (!end(held->op, OperationState::held, held->reason))
      return stay(was, "an operation of somebody else is held");
    return {std::move(next), {}, "the operation waits for a person: " + held->reason, true};
  }
  if (const auto* intended = as<ActionIntended>(event)) {
    // Only what is proven not to have happened is tried again.
    const bool failed =
        !was.attempts.empty() && was.attempts.back().state == OperationState::failed;
    if (!failed) return stay(was, "an operation without a proven failure comes first");
    return intend(std::move(next), event, *intended);
  }
  if (const auto* asked = as<VerificationAsked>(event))
    return begin_verifying(std::move(next), *asked);
  return ignore(was, event);
}

// Scout's verdict decides; other events change nothing.
Step on_verifying(const Incident& was, const Event& event) {
  Incident next = was;
  if (const auto* tried = as<VerificationTried>(event)) {
    if (tried->ok && !next.first_good) {
      next.first_good = *tried;
      reach(next, "healthy", event);
    }
    return stay(std::move(next), "a probe after the action");
  }
  if (const auto* passed = as<VerificationPassed>(event)) {
    next.passed = *passed;
    if (!was_treated(was)) {
      next.ending = "It recovered without an action of ours.";
      return enter(std::move(next), State::self_healed, "proven healthy; nothing was done");
    }
    if (const auto* step = treatment(was); step != nullptr && step->more)
      return enter(std::move(next), State::diagnosing, "this step is proven, the runbook goes on");
    reach(next, "resolved", event);
    return enter(std::move(next), State::resolved, "proven healthy for the soak time");
  }
  if (const auto* intended = as<ActionIntended>(event)) {
    // Only to take back what is proven not to help.
    if (!was.failed || intended->undoes.empty()) return stay(was, "the proof is not over");
    return intend(std::move(next), event, *intended);
  }
  if (const auto* failed = as<VerificationFailed>(event)) {
    next.failed = *failed;
    if (!was_treated(was))
      return enter(std::move(next), State::diagnosing,
                   "it did not recover alone: " + failed->reason);
    const auto follows = next_runbook(was);
    if (!follows.empty() && !can_be_undone(was.attempts.back()))
      return enter(std::move(next), State::diagnosing,
                   "not proven: " + failed->reason + "; runbook " + follows + " follows");
    return {std::move(next), {}, "not proven: " + failed->reason, true};
  }
  return ignore(was, event);
}

// What any state before the end accepts.
std::optional<Step> on_any(const Incident& was, const Event& event) {
  if (is_over(was.state) && was.state != State::escalated) return std::nullopt;
  Incident next = was;
  if (const auto* joined = as<IncidentJoined>(event)) {
    next.root = joined->root;
    next.ending = joined->reason;
    return enter(std::move(next), State::joined, joined->reason);
  }
  if (const auto* stood = as<StoodDown>(event)) {
    next.ending = stood->reason;
    return enter(std::move(next), State::stood_down, stood->reason);
  }
  if (const auto* healed = as<SelfHealed>(event)) {
    next.ending = healed->reason;
    reach(next, "healthy", event);
    return enter(std::move(next), State::self_healed, healed->reason);
  }
  if (const auto* escalated = as<Escalated>(event)) {
    if (was.state == State::escalated) return std::nullopt;
    next.escalation = *escalated;
    next.escalation_asked_by.clear();
    return enter(std::move(next), State::escalated, escalated->reason);
  }
  return std::nullopt;
}

// A reopened incident keeps its record (evidence, diagnosis, attempts) and owes everything else
// anew.
void begin_again(Incident& incident) {
  incident.plan.reset();
  incident.refused.reset();
  incident.asked.reset();
  incident.approval.reset();
  incident.approvals.clear();
  incident.verification.reset();
  forget_proof(incident);
  incident.outcome.reset();
  incident.postmortem.reset();
  incident.escalation.reset();
  incident.held_by.clear();
  incident.dry_run = false;
  incident.action_asked.reset();
  incident.escalation_asked_by.clear();
  incident.preview_asked_by.clear();
  incident.indexed = false;
  incident.ending.clear();
  incident.root = 0;
}

// Of an incident that a person's wish began; nothing: nobody understands it.
std::optional<AskedAction> wish_of(const Incident& incident, base::WallTime at);

Step on_over(const Incident& was, const Event& event) {
  Incident next = was;
  if (as<IncidentClosed>(event) != nullptr && was.state != State::closed) {
    reach(next, "closed", event);
    return enter(std::move(next), State::closed, "the issue is closed");
  }
  const auto* plan = as<PlanMade>(event);
  if (plan != nullptr && was.state == State::escalated && !plan->asked_by.empty())
    return take_plan(std::move(next), event, *plan);
  if (as<IncidentReopened>(event) != nullptr && was.state == State::closed) {
    begin_again(next);
    if (is_wish(next)) next.action_asked = wish_of(next, event.at);
    return enter(std::move(next), State::diagnosing, "reopened");
  }
  return ignore(was, event);
}

// Facts that belong to the record whatever the state; true when the event was such a fact.
bool note(Incident& incident, const Event& event) {
  if (as<SignalAdded>(event) != nullptr)
    return incident.signals += as<SignalAdded>(event)->count, true;
  if (const auto* opened = as<IssueOpened>(event)) {
    incident.issue = opened->number;
    incident.issue_url = opened->url;
    return true;
  }
  if (const auto* recalled = as<MemoryRecalled>(event)) return incident.recalled = *recalled, true;
  if (const auto* outcome = as<IncidentResolved>(event)) return incident.outcome = *outcome, true;
  if (const auto* written = as<PostmortemWritten>(event))
    return incident.postmortem = written->text, true;
  if (as<MemoryIndexed>(event) != nullptr) return incident.indexed = true, true;
  if (as<PlanJudged>(event) != nullptr) return incident.preview_asked_by.clear(), true;
  if (const auto* votes = as<VotesCounted>(event)) {
    Attempt* attempt = find_attempt(incident, votes->op);
    if (attempt == nullptr) return false;
    attempt->votes_up = votes->up;
    attempt->votes_down = votes->down;
    return true;
  }
  if (const auto* collected = as<EvidenceCollected>(event)) {
    incident.evidence.insert(incident.evidence.end(), collected->items.begin(),
                             collected->items.end());
    return incident.state != State::open;  // The first one also moves the state.
  }
  return false;
}

std::string login_of(const OperatorCommanded& said) {
  return said.by.empty() ? "a person" : said.by;
}

// What follows the verb, by words.
std::vector<std::string> arguments_of(std::string_view command) {
  std::vector<std::string> words;
  for (const auto word : base::split(command, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  if (!words.empty()) words.erase(words.begin());
  return words;
}

std::optional<int> parse_count(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What a command asks to be done; nothing when it asks for no action, or for none that can be.
std::optional<AskedAction> action_of(const Incident& incident, const OperatorCommanded& said,
                                     base::WallTime at) {
  const std::string verb = verb_of(said);
  const auto words = arguments_of(said.command);
  AskedAction asked{Action::restart, words.empty() ? "" : words[0], login_of(said), 0, at};
  if (verb == "/restart") return asked;
  if (verb == "/rollback") {
    const Attempt* last = last_undoable(incident);
    if (last == nullptr) return std::nullopt;
    asked.action = Action::rollback;
    asked.service = last->intent.service;
    return asked;
  }
  if (verb != "/scale" || words.size() != 2) return std::nullopt;
  const auto count = parse_count(words[1]);
  if (!count) return std::nullopt;
  asked.action = Action::scale_up;
  asked.count = *count;
  return asked;
}

std::optional<AskedAction> wish_of(const Incident& incident, base::WallTime at) {
  return action_of(incident, {incident.signal.asked, incident.signal.asked_by, ""}, at);
}

// What is said changes what may and must be done, not the state. Who may say it, and when, is the
// Scribe's to know.
Step obey(const Incident& was, const OperatorCommanded& said, const Event& event) {
  if (!said.refusal.empty()) return stay(was, "a command is refused");
  const std::string verb = verb_of(said), by = login_of(said);
  Incident next = was;
  bool changed = false;
  if (verb == "/hold" || (verb == "/dry-run" && was.held_by.empty())) next.held_by = by;
  if (verb == "/dry-run") {
    next.dry_run = true;
    next.preview_asked_by = by;
    changed = true;
  }
  if (verb == "/resume") {
    next.held_by.clear();
    next.dry_run = false;
  }
  if (goes_on(was.state) && !is_at_work(was.state)) {
    if (auto asked = action_of(was, said, event.at)) {
      next.action_asked = *std::move(asked);
      changed = true;
    }
  }
  if (verb == "/escalate" && !is_over(was.state)) {
    next.escalation_asked_by = by;
    changed = true;
  }
  changed = changed || next.held_by != was.held_by || next.dry_run != was.dry_run;
  return {std::move(next), {}, changed ? verb + " by " + said.by : "a command is noted", changed};
}

// What becomes of a pull request: the Fixer's decision rests on it, whatever the state.
std::optional<Step> on_pull(const Incident& was, const Event& event) {
  Incident next = was;
  const auto note = [&](const std::string& op, auto set, const char* what) -> Step {
    Attempt* attempt = find_attempt(next, op);
    if (attempt == nullptr) return stay(was, "a pull request of an unknown operation");
    const bool changed = set(*attempt);
    return {std::move(next), {}, what, changed};
  };
  const auto differs = [](std::string& known, const std::string& said) {
    return std::exchange(known, said) != said;
  };
  if (const auto* opened = as<PrOpened>(event)) {
    const auto set = [&](Attempt& attempt) {
      const bool same = attempt.pull && attempt.pull->number == opened->number &&
                        attempt.pull->url == opened->url &&
                        attempt.pull->branch == opened->branch &&
                        attempt.pull->head == opened->head;
      attempt.pull = *opened;
      return !same;
    };
    return note(opened->op, set, "a pull request is open");
  }
  if (const auto* merged = as<PrMerged>(event)) {
    const auto set = [&](Attempt& attempt) { return differs(attempt.merged, merged->commit); };
    return note(merged->op, set, "the pull request is merged");
  }
  if (const auto* closed = as<PrClosed>(event)) {
    const auto set = [&](Attempt& attempt) { return differs(attempt.closed, closed->reason); };
    return note(closed->op, set, "the pull request is closed");
  }
  return std::nullopt;
}

Step dispatch(const Incident& was, const Event& event) {
  if (auto step = on_pull(was, event)) return *std::move(step);
  if (const auto* said = as<OperatorCommanded>(event)) return obey(was, *said, event);
  if (auto step = on_any(was, event)) return *std::move(step);
  switch (was.state) {
    case State::open:
    case State::diagnosing:
      return on_diagnosing(was, event);
    case State::planned:
    case State::awaiting_approval:
      return on_planned(was, event);
    case State::acting:
      return on_acting(was, event);
    case State::verifying:
      return on_verifying(was, event);
    case State::resolved:
    case State::closed:
    case State::escalated:
    case State::inconclusive:
    case State::stood_down:
    case State::self_healed:
    case State::joined:
      return on_over(was, event);
  }
  base::fail_ensure("an incident in no state");
}

}  // namespace

Incident::Incident() = default;
Incident::Incident(const Incident& other) = default;
Incident::Incident(Incident&& other) noexcept = default;
Incident& Incident::operator=(const Incident& other) = default;
Incident& Incident::operator=(Incident&& other) noexcept = default;
Incident::~Incident() = default;

std::string_view to_string(State state) { return base::name_in(kStates, state); }
std::optional<State> parse_state(std::string_view text) { return base::value_in(kStates, text); }
std::string_view to_string(Command command) { return base::name_in(kCommands, command); }
std::string_view to_string(OperationState state) { return base::name_in(kOperationStates, state); }

bool is_over(State state) {
  switch (state) {
    case State::open:
    case State::diagnosing:
    case State::planned:
    case State::awaiting_approval:
    case State::acting:
    case State::verifying:
      return false;
    case State::resolved:
    case State::closed:
    case State::escalated:
    case State::inconclusive:
    case State::stood_down:
    case State::self_healed:
    case State::joined:
      return true;
  }
  base::fail_ensure("an incident in no state");
}

bool goes_on(State state) { return !is_over(state) || state == State::escalated; }

bool is_wish(const Incident& incident) { return incident.signal.kind == SignalKind::asked; }

bool is_word(const Signal& signal) {
  return signal.kind == SignalKind::asked || signal.kind == SignalKind::deploy_failed;
}

bool is_word(const Incident& incident) { return is_word(incident.signal); }

bool is_pull(Action action) {
  return action == Action::pull_request || action == Action::revert_config;
}

bool waits_for_pull(const Incident& incident) {
  if (incident.attempts.empty()) return false;
  const Attempt& last = incident.attempts.back();
  return is_pull(last.intent.action) && last.state == OperationState::intent && last.merged.empty();
}

bool waits_aside(const Incident& incident) {
  return waits_for_pull(incident) && incident.attempts.back().intent.action == Action::pull_request;
}

const Attempt* find_attempt(const Incident& incident, std::string_view op) {
  for (const auto& attempt : incident.attempts) {
    if (attempt.intent.op == op) return &attempt;
  }
  return nullptr;
}

bool can_be_undone(const Attempt& attempt) {
  if (attempt.state != OperationState::done || !attempt.intent.undoes.empty()) return false;
  switch (attempt.intent.action) {
    case Action::scale_up:
    case Action::scale_down:
      return true;
    case Action::rollback:
    case Action::pull_request:
      return !attempt.snapshot.empty();
    case Action::restart:  // Neither image nor configuration became another.
    case Action::revert_config:
    case Action::clear_queue:
    case Action::escalate:
    case Action::noop:
      return false;
  }
  return false;
}

const Attempt* last_undoable(const Incident& incident) {
  for (auto attempt = incident.attempts.rbegin(); attempt != incident.attempts.rend(); ++attempt) {
    const auto& op = attempt->intent.op;
    const bool is_undone =
        std::any_of(incident.attempts.begin(), incident.attempts.end(), [&](const auto& other) {
          return other.intent.undoes == op && other.state == OperationState::done;
        });
    if (can_be_undone(*attempt)) return is_undone ? nullptr : &*attempt;
  }
  return nullptr;
}

bool is_disproven(const Incident& incident) {
  if (incident.failed) return true;
  if (incident.attempts.empty() || !incident.plan) return false;
  const Attempt& last = incident.attempts.back();
  if (last.intent.plan != incident.plan->hash) return false;
  const bool is_undo = !last.intent.undoes.empty();
  return last.state == OperationState::failed || (is_undo && last.state == OperationState::done);
}

bool is_made_here(const Incident& incident, std::string_view container) {
  return std::any_of(incident.attempts.begin(), incident.attempts.end(), [&](const auto& attempt) {
    return !container.empty() && attempt.container == container;
  });
}

std::string verb_of(const OperatorCommanded& said) {
  return said.command.substr(0, said.command.find(' '));
}

bool asks_for_action(const OperatorCommanded& said) {
  const auto verb = verb_of(said);
  return verb == "/restart" || verb == "/rollback" || verb == "/scale";
}

bool is_at_work(State state) { return state == State::acting || state == State::verifying; }

bool is_in_flight(const Incident& incident) {
  if (incident.state != State::acting || incident.attempts.empty()) return false;
  const auto state = incident.attempts.back().state;
  return state == OperationState::intent || state == OperationState::unknown;
}

std::vector<Command> due(const Incident& incident) {
  std::vector<Command> commands;
  switch (incident.state) {
    case State::open:
    case State::diagnosing:
      // Nothing is sick: there is nothing to be diagnosed, unless nobody understands what is
      // wanted.
      if (is_wish(incident) && incident.action_asked) return {Command::plan_asked};
      return {Command::diagnose};
    case State::planned:
    case State::awaiting_approval:  // To notice the expiry.
      if (incident.action_asked) return {Command::decide, Command::plan_asked};
      return {Command::decide};
    case State::acting:
      return {Command::act};
    case State::verifying:
      return {incident.failed ? Command::decide : Command::verify};
    case State::escalated:
      commands.push_back(Command::call_person);
      if (incident.action_asked) commands.push_back(Command::plan_asked);
      break;
    case State::closed:
      break;
    case State::resolved:
      if (!incident.outcome) commands.push_back(Command::record_outcome);
      // Of a wish there is nothing to learn.
      if (!incident.postmortem && !is_wish(incident)) commands.push_back(Command::write_postmortem);
      if (incident.postmortem || (is_wish(incident) && incident.outcome))
        commands.push_back(Command::close_issue);
      if (!incident.outcome) return commands;
      break;
    case State::self_healed:
      commands.push_back(Command::close_issue);
      break;
    case State::inconclusive:
    case State::stood_down:
    case State::joined:
      return {Command::close_issue};
  }
  // All outcomes are remembered, the bad ones too.
  if (incident.diagnosis && !incident.indexed && incident.root == 0)
    commands.push_back(Command::index);
  return commands;
}

bool is_due(const Incident& incident, Command command) {
  const auto commands = due(incident);
  return std::find(commands.begin(), commands.end(), command) != commands.end();
}

Step advance(const Incident& was, const Event& event) {
  base::ensure(was.id == event.incident, "an event of another incident");
  const auto before = due(was);
  Incident noted = was;
  const bool was_note = note(noted, event);
  Step step = was_note ? stay(std::move(noted), "noted") : dispatch(noted, event);
  for (Command command : due(step.incident)) {
    if (std::find(before.begin(), before.end(), command) == before.end())
      step.commands.push_back(command);
  }
  return step;
}

Step open(const Event& event) {
  const auto* opened = as<IncidentOpened>(event);
  base::ensure(opened != nullptr, "an incident begins with incident.opened");
  Incident incident;
  incident.id = event.incident;
  incident.signal = opened->signal;
  incident.severity = opened->severity;
  incident.fingerprint = opened->fingerprint;
  incident.snapshot = opened->snapshot;
  if (is_wish(incident)) incident.action_asked = wish_of(incident, event.at);
  reach(incident, "opened", event);
  auto commands = due(incident);
  return {std::move(incident), std::move(commands), "opened: " + opened->signal.detail, true};
}

Step Book::absorb(const Event& event) {
  if (const auto* set = as<StopSet>(event)) return stop_ = *set, stay({}, "stopped");
  if (as<StopCleared>(event) != nullptr) return stop_.reset(), stay({}, "resumed");
  const auto found = entries_.find(event.incident);
  if (as<IncidentOpened>(event) != nullptr && found == entries_.end()) {
    Step step = open(event);
    entries_[event.incident] = {step.incident, {event}};
    note_live(step.incident);
    return step;
  }
  if (found == entries_.end()) return stay({}, "an event of an unknown incident");
  Step step = advance(found->second.incident, event);
  found->second.incident = step.incident;
  found->second.events.push_back(event);
  note_live(step.incident);
  return step;
}

void Book::note_live(const Incident& incident) {
  if (due(incident).empty())
    live_.erase(incident.id);
  else
    live_.insert(incident.id);
  if (incident.root != 0)
    joined_.insert(incident.id);
  else
    joined_.erase(incident.id);
  if (goes_on(incident.state)) return;
  std::erase_if(joined_,
                [&](IncidentId id) { return entries_.at(id).incident.root == incident.id; });
}

const Incident* Book::find(IncidentId id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second.incident;
}

const Incident* Book::open_of(std::string_view service, bool with_escalated) const {
  for (auto it = live_.rbegin(); it != live_.rend(); ++it) {
    const Incident& incident = entries_.at(*it).incident;
    if (incident.signal.service != service || is_word(incident)) continue;
    if (!is_over(incident.state) || (with_escalated && incident.state == State::escalated))
      return &incident;
  }
  if (!with_escalated) return nullptr;
  // What is joined goes on as long as its root does, whether or not its own issue is closed.
  for (auto it = joined_.rbegin(); it != joined_.rend(); ++it) {
    const Incident& incident = entries_.at(*it).incident;
    const Incident* root = find(incident.root);
    if (incident.signal.service == service && !is_word(incident) && root != nullptr &&
        goes_on(root->state))
      return &incident;
  }
  return nullptr;
}

}  // namespace incident
