// The guards: may this plan's first choice be carried out now? Pure; the caller gathers the facts
// from the ledger's fold. Each guard with its default and reason: docs/formats/guards.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "incident/incident.h"
#include "policy/flap.h"

namespace policy {

// "Of the target" is of the service of the plan's first choice.
struct Facts {
  base::Now now;
  bool stopped = false;  // The ledger's stop state or the stop file.
  std::string stop_reason;
  config::Mode mode = config::Mode::dry_run;    // Of the service.
  bool excluded = false;                        // A part of this product, or in `exclude`.
  bool is_protected = false;                    // `protect: true`.
  std::vector<base::WallTime> service_actions;  // Intents of the last day, oldest first. But for
  std::vector<base::WallTime> all_actions;      // pull requests, which are no effects.
  bool another_in_flight = false;  // An operation of another incident has no outcome yet.
  int red_services = 0;            // With an open, unjoined incident, or one escalated lately.
  int services = 0;
  // When the symptom was last reported; empty when it needs no repeating (a death stays true, and
  // the warden re-reads the engine's state).
  std::optional<base::WallTime> symptom_at;
  std::optional<double> host_cpu_percent, host_memory_percent;  // Nothing: not known.
  std::string sick_dependency;    // A service that the target calls and that is sick; empty: none.
  bool dependency_waits = false;  // ... and it waits for a person.
  std::string maintenance;        // The open window of the target; empty: none.
  std::optional<base::WallTime> thaws;     // Its end, when it is near (maintenance.h).
  std::optional<base::WallTime> deployed;  // Last change of the target's container or image.
  Flap flap;                               // Of the target.
  int own_restarts = 0;                    // Of the target within limits.flap_window.
  int fruitless = 0;   // So often in a row was the same action done to the target without cure.
  int containers = 0;  // Configured.
  int touched = 0;     // Others than the target's with an action in the last hour.
  bool target_touched = false;                 // The target's was one, too.
  std::optional<int> healthy_replicas;         // Of the target; nothing: not known.
  bool target_is_healthy = false;              // Nothing says that the target is sick.
  bool is_stateful = false;                    // Keeps data, by its image.
  int replicas_added = 1;                      // By scale_up.
  int open_pull_requests = 0;                  // Of the target.
  int pull_requests_today = 0;                 // Over all services, in 24 h.
  bool second_approval = false;                // github.second_approval
  std::optional<base::WallTime> leased_until;  // The Fixer's lease; nothing: it has none.
};

enum class Answer {
  allow,
  ask,     // A person must approve first.
  wait,    // Not now; `until` says when to judge again, empty means when the facts change.
  refuse,  // Not at all: a person has to take over.
  replan,  // The plan is too old to trust; a new one may pass.
};

struct Verdict {
  Answer answer = Answer::allow;
  std::string guard;   // Name of the rule.
  std::string values;  // What was compared with what.
  std::optional<base::WallTime> until;
};

// 0: observes; 1: one replica is restarted or added; 2: what changes more, what keeps data, and
// every pull request. There is no tier 3.
[[nodiscard]] int tier_of(incident::Action action, const Facts& facts);

// Until when the plan may be carried out: as planned or, once a person approved it, as long as it
// was offered to them. `incident` must have a plan.
[[nodiscard]] base::WallTime expiry_of(const incident::Incident& incident);

// `incident` must have a plan with a menu.
[[nodiscard]] Verdict judge(const incident::Incident& incident, const Facts& facts,
                            const config::Limits& limits);

// May an action that was begun be carried on: a merged value brought to its container, a change
// taken back? Of the guards only those that forbid any effect now are asked again; that it shall be
// done is decided. `is_undo`: it makes things as they were, which no window and no mode forbids.
[[nodiscard]] Verdict judge_effect(const incident::Incident& incident, const Facts& facts,
                                   const config::Limits& limits, bool is_undo);

[[nodiscard]] int actions_within(const std::vector<base::WallTime>& actions, base::Duration window,
                                 base::WallTime now);

// The pause that follows the actions so far: `base` after the first, doubled by each further one,
// at most 4 h; forgotten after 2 h without an action.
[[nodiscard]] base::Duration cooldown_after(const std::vector<base::WallTime>& actions,
                                            base::Duration base, base::WallTime now);

}  // namespace policy
