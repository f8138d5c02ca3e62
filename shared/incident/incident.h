// The incident and its one state chart. Pure: the state is what advance() makes of the ledger's
// events and nothing else; replaying a ledger gives the same incidents byte for byte.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "incident/event.h"

namespace incident {

enum class State {
  open,
  diagnosing,
  planned,
  awaiting_approval,
  acting,
  verifying,
  resolved,
  closed,
  escalated,
  inconclusive,
  stood_down,
  self_healed,
  joined,
};
[[nodiscard]] std::string_view to_string(State state);
[[nodiscard]] std::optional<State> parse_state(std::string_view text);

// What somebody must do next. Level-triggered: due until the event that answers it.
enum class Command {
  diagnose,          // Brain: evidence, diagnosis, plan.
  decide,            // Fixer: judge the plan by the guards; act, ask, refuse or escalate.
  act,               // Fixer: carry the intended operation to an outcome.
  verify,            // Scout: prove the symptom gone for the soak time.
  record_outcome,    // Fixer: incident.resolved.
  write_postmortem,  // Brain.
  index,             // Memory.
  close_issue,       // Scribe.
  call_person,       // Scribe: the label and the comment that ask for a human.
  plan_asked,        // Brain: the plan of what a person asked for.
};
[[nodiscard]] std::string_view to_string(Command command);

// Operation states; engine operations here, GitHub operations in the Scribe's outbox.
enum class OperationState { intent, done, failed, unknown, held };
[[nodiscard]] std::string_view to_string(OperationState state);

struct Attempt {
  ActionIntended intent;
  OperationState state = OperationState::intent;
  std::string started_at;  // After, when done.
  std::string error;
  base::WallTime intended_at;
  std::optional<base::WallTime> ended_at;
  int votes_up = 0, votes_down = 0;  // Of people, on its comment.
  std::string container, snapshot;   // As action.done says.
  std::optional<PrOpened> pull;      // Of a pull_request.
  std::string merged;                // Its commit on the base branch; empty: not merged.
  std::string closed;                // Why there will be no merge; empty: none.
};

// An action that a person asked for, until its plan is made: `/restart <service>`, `/rollback` (of
// the last action that can be taken back) or `/scale <service> <count>`.
struct AskedAction {
  Action action = Action::restart;  // scale_up: whichever of the two directions it will be.
  std::string service, by;
  int count = 0;  // scale_up: replicas beside the service's own container.
  base::WallTime at;
};
inline constexpr base::Millis kAskedFresh = std::chrono::minutes(30);  // So long it counts.

// When each phase was first reached; UTC for people, boot clock for durations.
struct Moment {
  base::WallTime at;
  base::Instant boot;
};

struct Incident {
  Incident();  // Special members are in incident.cc, for short builds.
  Incident(const Incident& other);
  Incident(Incident&& other) noexcept;
  Incident& operator=(const Incident& other);
  Incident& operator=(Incident&& other) noexcept;
  ~Incident();

  IncidentId id = 0;
  State state = State::open;
  Signal signal;  // That opened it.
  Severity severity = Severity::high;
  std::string fingerprint, snapshot;
  int signals = 1;         // The opening one and its repeats.
  std::int64_t issue = 0;  // Number on GitHub; 0 while there is none.
  std::string issue_url;
  std::optional<MemoryRecalled> recalled;
  std::vector<Evidence> evidence;
  std::optional<DiagnosisMade> diagnosis;
  std::optional<PlanMade> plan;
  std::optional<PlanRefused> refused;  // The latest refusal of the current plan.
  std::optional<ApprovalAsked> asked;
  std::optional<ApprovalGiven> approval;  // Of the current plan, the latest.
  std::vector<ApprovalGiven> approvals;   // All of the current plan.
  std::vector<Attempt> attempts;
  std::optional<VerificationAsked> verification;
  std::optional<VerificationTried> first_good;  // First good probe after the last action.
  std::optional<VerificationPassed> passed;
  std::optional<VerificationFailed> failed;
  std::optional<IncidentResolved> outcome;
  std::optional<std::string> postmortem;
  bool indexed = false;
  std::optional<Escalated> escalation;
  std::string held_by;   // Who said /hold: nothing is done before /resume. Empty: not held.
  bool dry_run = false;  // The hold is one for looking: /dry-run.
  // What people asked for and were not answered yet; empty: nothing.
  std::optional<AskedAction> action_asked;  // By Brain's plan.
  std::string escalation_asked_by;          // By the Fixer, when no operation is in flight.
  std::string preview_asked_by;             // By the Fixer's plan.judged.
  std::string ending;   // Why it left the main road: self-healed, stood down, joined.
  IncidentId root = 0;  // The incident this one is joined to.
  std::map<std::string, Moment> reached;  // opened diagnosed planned acted healthy resolved closed
};

struct Step {
  Incident incident;
  std::vector<Command> commands;  // Newly due.
  std::string reason;    // Why the state is what it is now, or why the event changed nothing.
  bool changed = false;  // The state, or what the state rests on (plan, approval), changed.
};

// The state chart; see incident.cc. `was` must be the incident of event.incident.
[[nodiscard]] Step advance(const Incident& was, const Event& event);
// The incident that incident.opened begins.
[[nodiscard]] Step open(const Event& event);
// Everything that is due in the incident's present state.
[[nodiscard]] std::vector<Command> due(const Incident& incident);
[[nodiscard]] bool is_due(const Incident& incident, Command command);
// Nothing is sick: a person wants something. It is no trouble of its service, explains none and
// stands in nobody's way.
[[nodiscard]] bool is_wish(const Incident& incident);
// Somebody's word began it, nothing that was sensed: a wish, or a deploy that failed. The service
// may be well: what is sensed of it has an incident of its own, and follows from no such one.
[[nodiscard]] bool is_word(const Signal& signal);
[[nodiscard]] bool is_word(const Incident& incident);
// It changes a file in git by a pull request; the container follows its merge.
[[nodiscard]] bool is_pull(Action action);
// Its pull request is not merged (yet): nothing touches the container.
[[nodiscard]] bool waits_for_pull(const Incident& incident);
// ... and what happens to the service meanwhile is another matter. Not so while what made it sick
// is being reverted: until that is verified, nothing else is tried.
[[nodiscard]] bool waits_aside(const Incident& incident);
// The attempt of that operation; nullptr: none.
[[nodiscard]] const Attempt* find_attempt(const Incident& incident, std::string_view op);
// It was done, is no undo itself, and what was there before is known.
[[nodiscard]] bool can_be_undone(const Attempt& attempt);
// The latest attempt that was done and can be undone; nullptr: none.
[[nodiscard]] const Attempt* last_undoable(const Incident& incident);
// The last step did not help, or could not be taken: its proof failed, it was taken back after
// that, or it was proven not to have happened.
[[nodiscard]] bool is_disproven(const Incident& incident);
// One of the operations made this container.
[[nodiscard]] bool is_made_here(const Incident& incident, std::string_view container);
// No role has anything left to decide or prove: what remains is to tell and to remember.
[[nodiscard]] bool is_over(State state);
// Not over, or in the hands of a person.
[[nodiscard]] bool goes_on(State state);
// The first word of a command: "/restart".
[[nodiscard]] std::string verb_of(const OperatorCommanded& said);
// A command for an action, whose plan it approves: `/restart`, `/rollback`, `/scale`.
[[nodiscard]] bool asks_for_action(const OperatorCommanded& said);
// An operation has no known outcome, or the proof of one is under way.
[[nodiscard]] bool is_at_work(State state);
// Its latest operation may still be happening.
[[nodiscard]] bool is_in_flight(const Incident& incident);

// All incidents of a ledger, and the stop state: the fold that every role makes for itself.
class Book {
 public:
  struct Entry {
    Incident incident;
    std::vector<Event> events;  // In order, the opening one first.
  };

  // Folds one event in; events of unknown incidents are ignored and say so in the reason.
  Step absorb(const Event& event);

  [[nodiscard]] const std::map<IncidentId, Entry>& entries() const { return entries_; }
  // Incidents that somebody has something due for, oldest first: all that a decision must look at.
  [[nodiscard]] const std::set<IncidentId>& live() const { return live_; }
  [[nodiscard]] const Incident* find(IncidentId id) const;
  // The newest incident of the service that is not over; when `with_escalated` also one that is
  // escalated, or joined to a root that is still open or escalated. nullptr when there is none.
  // What is but somebody's word is none of these.
  [[nodiscard]] const Incident* open_of(std::string_view service, bool with_escalated = true) const;
  [[nodiscard]] IncidentId next_id() const {
    return entries_.empty() ? 1 : entries_.rbegin()->first + 1;
  }
  // The reason of the durable stop, while it is set.
  [[nodiscard]] const std::optional<StopSet>& stop() const { return stop_; }

 private:
  void note_live(const Incident& incident);
  std::map<IncidentId, Entry> entries_;
  std::set<IncidentId> live_;
  std::set<IncidentId> joined_;  // Joined to a root that was not over when last looked at.
  std::optional<StopSet> stop_;
};

}  // namespace incident
