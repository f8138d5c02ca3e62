// What can be said of an incident: one struct per event of the ledger, each with its one owner
// role. Pure. The pages of every field: docs/formats/events.md. JSON: incident/event_codec.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"

namespace incident {

// A small number, 1 upwards in order of opening; 0 means "no incident" (stop.set and the like).
using IncidentId = std::int64_t;

// Who writes. `person` is somebody at the command line or the console.
enum class Role { scout, brain, fixer, memory, scribe, warden, console, forge, up, chaos, person };
[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::optional<Role> parse_role(std::string_view text);

// What was sensed. It says what happened, never why.
enum class SignalKind {
  container_died,       // The engine confirms: not running, and nobody stopped it.
  found_stopped,        // Not running when first looked at; the cause was not seen.
  restarted_by_engine,  // Died, and its restart policy brings it back.
  probe_timeout,        // Connects, but no answer in time.
  probe_refused,        // No connection.
  probe_error,          // Answers with a status of 500 or more.
  latency_above_bound,  // Answers, but slower than the bound for a whole window.
  cpu_at_limit,         // At its CPU limit for a whole window.
  engine_unhealthy,     // The engine's own health check says unhealthy.
  deploy_failed,        // Who deploys says that it did not succeed.
  asked,                // Nothing is sick: a person wants something done.
};
[[nodiscard]] std::string_view to_string(SignalKind kind);
[[nodiscard]] std::optional<SignalKind> parse_signal_kind(std::string_view text);
// The engine saw its process end; what probes and stats show are symptoms.
[[nodiscard]] bool is_death(SignalKind kind);

// Confirms that a deploy failed: the container that it brought is there.
inline constexpr std::string_view kDeploySeenToo = "engine: another container since";

struct Signal {
  SignalKind kind = SignalKind::container_died;
  std::string service;
  std::string container;  // Full id; empty when unknown.
  std::string container_name;
  std::string image;
  std::string started_at;  // The engine's text of the life that failed.
  base::WallTime at;   // When it happened, by the best clock known (the engine's for its events).
  std::string detail;  // One line for people.
  std::string probe;   // "health" or "path", for probe signals.
  std::vector<std::string> confirmed_by;  // Independent second signals, e.g. "engine state".
  std::optional<int> exit_code;
  bool oom_killed = false;
  bool by_person = false;        // A kill that was not ours came before the death.
  bool engine_restarts = false;  // A restart policy brings it back.
  int restart_count = 0;
  std::int64_t latency_ms = 0;  // Worst seen, for latency signals.
  std::int64_t bound_ms = 0;    // What the probe allowed then: its latency bound, else its timeout.
  double cpu_percent = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t memory_limit_bytes = 0;
  int replicas = 0;           // Running beside the service's own container, as last listed.
  std::string asked = {};     // asked only: the command, as "/scale shop 3" ...
  std::string asked_by = {};  // ... and whose it is.
};

enum class Severity { critical, high, medium, low };
[[nodiscard]] std::string_view to_string(Severity severity);
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view text);

// The closed list of failure classes.
enum class FailureClass {
  crash,
  oom,
  crash_loop,
  hang,
  high_latency,
  cpu_saturation,
  dependency_down,
  bad_deploy,       // Sick since a deploy of its own.
  config_error,     // Sick since a change of its configuration.
  conversion_drop,  // Technically well, but its business result fell.
  consumer_lag,     // It takes from its queue slower than others put in.
  disk_full,
  certificate_expiry,  // Its certificate has expired or soon will.
  stopped,
  nothing_wrong,
  unknown
};
[[nodiscard]] std::string_view to_string(FailureClass failure);
[[nodiscard]] std::optional<FailureClass> parse_failure_class(std::string_view text);
[[nodiscard]] std::vector<FailureClass> failure_classes();

enum class Persistence { transient, systemic, architectural };
[[nodiscard]] std::string_view to_string(Persistence persistence);
[[nodiscard]] std::optional<Persistence> parse_persistence(std::string_view text);

// The closed menu of actions.
enum class Action {
  restart,
  scale_up,
  scale_down,
  rollback,
  revert_config,
  clear_queue,
  pull_request,
  escalate,
  noop
};
[[nodiscard]] std::string_view to_string(Action action);
[[nodiscard]] std::optional<Action> parse_action(std::string_view text);

struct Evidence {
  std::string id;    // "E1", unique within the incident.
  std::string kind;  // engine_state, log, memory, cpu, probes, restarts, deploys, topology, recall.
  std::string text;  // One line for people.
  std::vector<std::string> lines;  // Foreign text (log lines): shown fenced, never interpreted.
};

// One edge of the causal path.
struct Cause {
  std::string from, to;
  std::string evidence;  // Id of an Evidence.
};

// One value that an action changes.
struct Change {
  std::string field;      // memory_limit (bytes), cpu_limit (thousandths of a core), replicas.
  std::int64_t from = 0;  // 0: none.
  std::int64_t to = 0;
};

struct MenuEntry {
  std::string id;  // "A1", unique within the plan.
  Action action = Action::noop;
  std::string service;
  std::string container;  // Full id; empty for escalate and noop.
  std::string seen_started_at;
  std::string risk;  // low | medium | high
  std::string undo;  // How it can be taken back, in words; "none needed" for a restart.
  std::string reason;
  int worked = 0, tried = 0;    // Of this action in recalled incidents of the same class.
  std::string runbook = {};     // Whose step this is; empty: of none.
  int step = 0;                 // Its index there.
  bool more = false;  // Once this is proven, the runbook may have another action: Brain says.
  base::Duration soak{0};       // Of its proof; 0: that of the configuration.
  std::string on_failure = {};  // The runbook that follows when the proof fails; empty: a person.
  Change change = {};           // pull_request, scale_up and scale_down only.
  std::string snapshot = {};  // rollback: the warden's hash of what the container is made equal to.
  std::string commit = {};    // revert_config: the commit that is taken back.
};

struct Match {
  IncidentId incident = 0;
  std::int64_t issue = 0;  // 0: it had none.
  std::string service;
  std::string failure;  // Class name.
  std::string action;
  bool proven = false;
  double similarity = 0;  // Cosine, 1 is equal.
};

// ---- Events, by owner
// ------------------------------------------------------------------------------

// Scout
struct IncidentOpened {
  Signal signal;
  Severity severity = Severity::high;
  std::string fingerprint;  // service + symptom: one open incident each.
  std::string
      snapshot;  // Hash of the 60 s of probes and stats before, kept as a blob; may be empty.
};
struct SignalAdded {
  Signal signal;
  int count = 1;
};  // `count` repeats since the last such event.
struct SelfHealed {
  std::string reason;
};
struct VerificationTried {
  std::string op;
  int attempt = 1;
  bool ok = false;
  std::int64_t latency_ms = 0;
  std::string detail;
};
struct VerificationPassed {
  std::string op;
  int probes = 0;
  std::int64_t worst_ms = 0;
  std::string detail;
};
struct VerificationFailed {
  std::string op;
  std::string reason;
};
struct DeploySeen {
  std::string service, container, image, image_id;
  bool keeps_data = false;    // By its label "sre.protect", or by a volume that it writes to.
  std::string snapshot = {};  // The warden's hash of how it is made; empty: not kept.
  std::string commit = {};    // Which made it, by its labels; empty: not known.
  std::string version = {};   // Likewise.
};
// Who deploys says what was deployed. A hint: what runs is seen by deploy.seen.
struct DeployReported {
  std::string service, environment, version, commit;
  std::string status;  // started | succeeded | failed
  base::WallTime at;   // By the sender's clock.
};

// Memory
struct MemoryRecalled {
  std::vector<Match> matches;
  std::string action;
  int worked = 0, tried = 0;
};
struct MemoryIndexed {
  std::string failure, action;
  bool proven = false;
};

// Brain
struct EvidenceCollected {
  std::vector<Evidence> items;
};
struct DiagnosisMade {
  FailureClass failure = FailureClass::unknown;
  std::string culprit;    // Service.
  double confidence = 0;  // 0..1, of the rule; memory never raises it.
  Persistence persistence = Persistence::transient;
  std::vector<Cause> path;
  std::vector<std::string> ruled_out;
  std::string explanation;
  std::string rule;         // Name of the rule that decided.
  std::string commit = {};  // That caused it, where one did and it is known.
};
struct PlanMade {
  std::string hash;  // 8 hex digits of the SHA-256 of menu, target and generation.
  int generation = 1;
  base::WallTime expires;
  std::vector<MenuEntry> menu;  // Best first: the first is the choice. Empty: a runbook is over.
  // Whose command this plan carries out, which approves it; empty: the rules made it.
  std::string asked_by = {};
};
struct IncidentJoined {
  IncidentId root = 0;
  std::string reason;
};
struct PostmortemWritten {
  std::string text;
};

// Fixer
struct PlanRefused {
  std::string plan, guard, values;
  bool retry = false;
};  // retry: a new plan may pass later.
// What the guards say of one entry of a plan's menu now.
struct Judgement {
  std::string entry;   // Its id.
  std::string answer;  // allow | ask | wait | refuse | replan; none: no guard has to be asked.
  std::string guard, values;
};
struct PlanJudged {
  std::string plan;  // Empty: there is none.
  std::string by;    // Who asked.
  std::vector<Judgement> entries;
};  // Nothing is done.
struct ApprovalAsked {
  std::string plan;
  base::WallTime expires;
};
struct ActionIntended {
  std::string op;
  std::string plan;
  std::int64_t epoch = 0;
  Action action = Action::restart;
  std::string service, container, seen_started_at;
  base::WallTime expires;
  Change change = {};
  std::string undoes = {};  // The operation that this one takes back; empty: none.
  std::string snapshot =
      {};                   // rollback: what the container is made equal to, by the warden's hash.
  std::string commit = {};  // revert_config: what is taken back.
};
struct ActionDone {
  std::string op;
  std::string started_at;
  bool superseded = false;
  std::string container = {};  // After; another one when it was replaced. Empty: the same.
  std::string snapshot = {};   // Hash of what the warden keeps of before; empty: nothing.
};
struct ActionFailed {
  std::string op;
  std::string error;
};
struct ActionUnknown {
  std::string op;
  std::string error;
};
struct VerificationAsked {
  std::string op;
  std::string service;
  base::WallTime since;
  base::Duration soak{0};
};
struct UndoDone {
  std::string op;
};
struct IncidentResolved {
  std::string op;
  std::string action;
  bool proven = true;
};
struct Escalated {
  std::string to;
  std::string reason;
};

// Scribe
struct IssueOpened {
  std::int64_t number = 0;
  std::string url;
};
struct ApprovalGiven {
  std::string plan;
  std::string by;
};
// The pull request of an operation.
struct PrOpened {
  std::string op;
  std::int64_t number = 0;
  std::string url, branch;
  std::string head;  // Commit; only this one may be merged.
};
struct PrMerged {
  std::string op;
  std::string commit;
};
struct PrClosed {  // Without a merge: by a person, or because it could not be opened or merged.
  std::string op;
  std::string reason;
};
struct IncidentClosed {
  std::string reason;
};
struct IncidentReopened {
  std::string by;
};
// The first line of what was said. `refusal`: why it was refused; empty: it counts.
struct OperatorCommanded {
  std::string command, by;
  std::string refusal = {};
};
// GitHub operations: the outbox of everything written to GitHub.
struct GithubIntended {
  std::string op;
  std::string kind;    // open_issue, comment, edit_comment, edit_issue, add_label, remove_label,
                       // ensure_label.
  std::string key;     // What of the thread it makes true, e.g. "comment:diagnosis:1".
  std::string digest;  // Of the content sent.
};
struct GithubDone {
  std::string op;
  std::int64_t number = 0;
  std::string url;
};  // number: issue or comment id.
struct GithubFailed {
  std::string op;
  std::string error;
};
struct GithubUnknown {
  std::string op;
  std::string error;
};
struct OpHeld {
  std::string op;
  std::string reason;
};
// What people think of an action, as their reactions to its comment stand now.
struct VotesCounted {
  std::string op;  // Of action.intended.
  int up = 0, down = 0;
};

// Whoever saw it
struct StoodDown {
  std::string reason, by;
};
struct StopSet {
  std::string reason, by;
};
struct StopCleared {
  std::string by;
};

using PayloadVariant =
    std::variant<IncidentOpened, SignalAdded, SelfHealed, VerificationTried, VerificationPassed,
                 VerificationFailed, DeploySeen, MemoryRecalled, MemoryIndexed, EvidenceCollected,
                 DiagnosisMade, PlanMade, IncidentJoined, PostmortemWritten, PlanRefused,
                 PlanJudged, ApprovalAsked, ActionIntended, ActionDone, ActionFailed, ActionUnknown,
                 VerificationAsked, UndoDone, IncidentResolved, Escalated, IssueOpened,
                 ApprovalGiven, PrOpened, PrMerged, PrClosed, IncidentClosed, IncidentReopened,
                 OperatorCommanded, GithubIntended, GithubDone, GithubFailed, GithubUnknown, OpHeld,
                 VotesCounted, StoodDown, StopSet, StopCleared, DeployReported>;

template <class T, class Variant>
inline constexpr bool kIsOneOf = false;
template <class T, class... Ts>
inline constexpr bool kIsOneOf<T, std::variant<Ts...>> = (std::is_same_v<T, Ts> || ...);

// One of the above; std::visit, std::get_if and std::holds_alternative read it. A class with its
// special members in event.cc, as every unit that has an Event would compile 43 of each otherwise.
class Payload : public PayloadVariant {
 public:
  Payload();  // An IncidentOpened.
  template <class T>
  requires kIsOneOf<T, PayloadVariant> Payload(T value)  // NOLINT: each of them is a payload.
      : PayloadVariant(std::in_place_type<T>, std::move(value)) {}
  template <std::size_t Index>
  explicit Payload(std::in_place_index_t<Index> index) : PayloadVariant(index) {}
  Payload(const Payload& other);
  Payload(Payload&& other) noexcept;
  Payload& operator=(const Payload& other);
  Payload& operator=(Payload&& other) noexcept;
  ~Payload();
};

struct Event {
  std::string id;  // ULID, made by the writer.
  IncidentId incident = 0;
  Role role = Role::scout;
  base::WallTime at;
  base::Instant boot;  // For durations: UTC may jump, this does not within one boot.
  Payload what;
};

// "incident.opened" and so on.
[[nodiscard]] std::string_view name_of(const Payload& what);
// True when `role` may write this event. Each event has one owner, but for those that anybody who
// saw the fact may write (stood_down, stop.*), and approvals and commands, which a person at the
// command line gives as well.
[[nodiscard]] bool may_write(Role role, const Payload& what);

}  // namespace incident
