// The guards: may this plan's first choice be carried out now? Pure; the caller gathers the facts
// from the ledger's fold. The order of the checks and the default numbers: docs/ARCHITECTURE.md,
// guardrails.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "incident/incident.h"

namespace policy {

struct Facts {
  base::Now now;
  bool stopped = false;  // The ledger's stop state or the stop file.
  std::string stop_reason;
  config::Mode mode = config::Mode::dry_run;    // Of the service.
  bool excluded = false;                        // A part of this product, or in `exclude`.
  bool is_protected = false;                    // `protect: true`.
  std::vector<base::WallTime> service_actions;  // Intents of the last day, oldest first.
  std::vector<base::WallTime> all_actions;
  bool another_in_flight = false;  // An operation of another incident has no outcome yet.
  int red_services = 0;            // With an open, unjoined incident, or one escalated lately.
  int services = 0;
  // When the symptom was last reported; empty when it needs no repeating (a death stays true, and
  // the warden re-reads the engine's state).
  std::optional<base::WallTime> symptom_at;
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

// Until when the plan may be carried out: as planned or, once a person approved it, as long as it
// was offered to them. `incident` must have a plan.
[[nodiscard]] base::WallTime expiry_of(const incident::Incident& incident);

// `incident` must have a plan with a menu.
[[nodiscard]] Verdict judge(const incident::Incident& incident, const Facts& facts,
                            const config::Limits& limits);

// The pause that follows the actions so far: `base` after the first, doubled by each further one,
// at most 4 h; forgotten after 2 h without an action.
[[nodiscard]] base::Duration cooldown_after(const std::vector<base::WallTime>& actions,
                                            base::Duration base, base::WallTime now);

}  // namespace policy
