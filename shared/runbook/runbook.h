// A runbook as plain data: for which failures it stands, which steps it takes in which order, how
// they are proven and undone, and what follows when they fail or the failure comes back. Pure
// types; read from workflows/*.yaml by catalogue.h. A new runbook is a new file there. Format:
// docs/formats/runbook.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "incident/event.h"

namespace runbook {

// The closed menu of steps: the actions of a plan, and what stands between them.
enum class StepKind {
  restart,
  scale_up,
  scale_down,
  rollback,
  revert_config,
  clear_queue,
  pull_request,
  escalate,
  notify,
  wait,
  verify,
  noop
};
[[nodiscard]] std::string_view to_string(StepKind kind);
[[nodiscard]] std::optional<StepKind> parse_step_kind(std::string_view text);
[[nodiscard]] std::vector<std::string> step_kinds();
// True for what changes a service; each such step is proven by a `verify` before the next one.
[[nodiscard]] bool is_change(StepKind kind);
// The action of a plan that carries the step out; nothing for notify, wait and verify.
[[nodiscard]] std::optional<incident::Action> action_of(StepKind kind);

// What a pull_request may raise.
enum class Field { memory_limit, cpu_limit, replicas };
[[nodiscard]] std::string_view to_string(Field field);
[[nodiscard]] std::optional<Field> parse_field(std::string_view text);

struct Step {
  StepKind kind = StepKind::noop;
  int line = 0;            // In its file.
  base::Duration time{0};  // wait: how long. verify: the soak; 0 is that of the configuration.
  int by = 1;              // scale_*: replicas.
  int at_most = 0;  // scale_up: replicas; scale_down: not fewer than this. 0: the engine's own.
  Field field = Field::memory_limit;  // pull_request.
  double times = 1;                   // pull_request: the new value is the old one times this ...
  std::string most;                   // ... but no more than this, e.g. "2GiB"; empty: no bound.
  std::string text;                   // notify: what people read. escalate: why. Never a command.
};

// All that is given must hold.
struct Condition {
  std::vector<incident::FailureClass> failures;  // One of these; never empty.
  std::vector<std::string> services;             // One of these; empty: any.
  std::optional<bool> engine_restarts;  // Whether a restart policy brings the container back.
};

// From the n-th occurrence within a time on, the failure itself counted, another runbook stands in.
struct Recurrence {
  int at = 2;
  base::Duration within = std::chrono::hours(24);
  std::string run;
  int line = 0;
};

struct Runbook {
  std::string name;  // Of its file, without the extension.
  std::string title;
  std::optional<Condition> when;  // None: only another runbook leads here.
  std::string risk;               // low | medium | high
  double rank = 0;                // 0..1: which one is the choice where several apply.
  std::string reason;             // Why these steps help, for people.
  std::vector<Step> steps;
  std::string proof;       // What is true afterwards, for people.
  std::string undo;        // How it is taken back, for people.
  std::string on_failure;  // A runbook's name; empty: a person is called.
  std::optional<Recurrence> on_recurrence;
  std::string file;  // Where it was read, for messages.
  int line_of_failure = 0;
};

using Catalogue = std::vector<Runbook>;

[[nodiscard]] const Runbook* find(const Catalogue& catalogue, std::string_view name);

// What a choice looks at. `occurrences` counts the failures of this class and service within a
// time, this one included.
struct Situation {
  incident::FailureClass failure = incident::FailureClass::unknown;
  std::string service;
  bool engine_restarts = false;
  std::function<int(base::Duration)> occurrences = [](base::Duration) { return 1; };
  // Whether the configuration gives the means to carry this step out for this service.
  std::function<bool(const Step&)> possible = [](const Step&) { return true; };
};

// The next step from `from` on that is an action and possible here, by index; -1: none.
[[nodiscard]] int next_action(const Runbook& runbook, int from, const Situation& situation);

// The runbooks that apply and begin with something possible, each once, best rank first, with
// recurrences followed where that is possible, too. Borrowed from `catalogue`, which must be
// without fault (find_faults).
[[nodiscard]] std::vector<const Runbook*> choose(const Catalogue& catalogue,
                                                 const Situation& situation);
// The one that stands in for this one there; itself where nothing recurs.
[[nodiscard]] const Runbook& follow(const Catalogue& catalogue, const Runbook& runbook,
                                    const Situation& situation);

// What no single file can show: names that do not exist, names given twice, circles, classes that
// no runbook covers. One line each, "file:line: field: what".
[[nodiscard]] std::vector<std::string> find_faults(const Catalogue& catalogue);

// Runbooks that nothing leads to, which is odd, but no fault: one of your own may have replaced
// what led there. One line each.
[[nodiscard]] std::vector<std::string> find_unused(const Catalogue& catalogue);

// The whole of it in sentences, for `workflows explain`.
[[nodiscard]] std::string explain(const Runbook& runbook);
// One step in a sentence: "restart the container".
[[nodiscard]] std::string describe(const Step& step);

}  // namespace runbook
