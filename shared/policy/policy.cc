#include "policy/policy.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "policy/guards.h"

namespace policy {

using incident::Action;
using incident::Incident;

// The command of a person stands for the evidence that rules would need; it lasts as long as its
// plan.
bool is_asked_for(const Incident& incident) { return !incident.plan->asked_by.empty(); }

namespace {
std::string text(double value) { return std::to_string(value).substr(0, 4); }
}  // namespace

Check check_stop(const Incident&, const Facts& facts, const config::Limits&) {
  if (!facts.stopped) return {};
  return Verdict{Answer::wait, "stop", "the stop is set: " + facts.stop_reason, {}};
}

Check check_hold(const Incident& incident, const Facts&, const config::Limits&) {
  if (incident.held_by.empty()) return {};
  return Verdict{Answer::wait, "hold", "held by " + incident.held_by, {}};
}

Check check_mode(const Incident& incident, const Facts& facts, const config::Limits&) {
  if (facts.mode != config::Mode::observe && facts.mode != config::Mode::dry_run) return {};
  return Verdict{Answer::refuse,
                 "mode",
                 "mode is " + std::string(config::to_string(facts.mode)) + "; would " +
                     std::string(incident::to_string(action_of(incident))) + " " +
                     target_of(incident),
                 {}};
}

Check check_exclusion(const Incident& incident, const Facts& facts, const config::Limits&) {
  const auto& choice = incident.plan->menu.front();
  if (facts.excluded)
    return Verdict{
        Answer::refuse, "self_exclusion", choice.service + " is excluded from actions", {}};
  if (facts.is_protected)
    return Verdict{Answer::refuse, "protected", choice.service + " is marked protect: true", {}};
  return {};
}

Check check_selector(const Incident& incident, const Facts&, const config::Limits&) {
  const auto& choice = incident.plan->menu.front();
  if (choice.container.size() == 64 || !touches_container(choice.action)) return {};
  return Verdict{Answer::refuse, "selector", "no container is known for " + choice.service, {}};
}

Check check_freshness(const Incident& incident, const Facts& facts, const config::Limits& limits) {
  if (waits_for_thaw(incident, facts)) return {};  // A plan made now would be old by then too.
  const auto expires = expiry_of(incident);
  if (facts.now.wall > expires)
    return Verdict{is_asked_for(incident) ? Answer::refuse : Answer::replan,
                   "freshness",
                   "the plan expired at " + base::format_utc(expires),
                   {}};
  if (is_asked_for(incident)) return {};
  if (!facts.symptom_at || facts.now.wall - *facts.symptom_at <= limits.signal_age_max) return {};
  return Verdict{Answer::wait,
                 "freshness",
                 "the symptom was last reported at " + base::format_utc(*facts.symptom_at) +
                     ", more than " + base::format_duration(limits.signal_age_max) + " ago",
                 {}};
}

Check check_certainty(const Incident& incident, const Facts&, const config::Limits& limits) {
  if (is_asked_for(incident)) return {};
  const double confidence = incident.diagnosis ? incident.diagnosis->confidence : 0;
  if (confidence < limits.confidence_min) {
    return Verdict{Answer::refuse,
                   "confidence",
                   text(confidence) + " is under " + text(limits.confidence_min),
                   {}};
  }
  if (incident.signal.confirmed_by.empty())
    return Verdict{Answer::refuse, "second_signal", "nothing independent confirms the signal", {}};
  return {};
}

Check check_spacing(const Incident&, const Facts& facts, const config::Limits& limits) {
  if (facts.another_in_flight)
    return Verdict{Answer::wait, "one_at_a_time", "another operation has no outcome yet", {}};
  if (facts.all_actions.empty()) return {};
  const auto next =
      facts.all_actions.back() + std::chrono::duration_cast<base::Millis>(limits.spacing);
  if (facts.now.wall >= next) return {};
  return Verdict{Answer::wait, "spacing",
                 base::format_duration(limits.spacing) + " between any two actions", next};
}

base::WallTime expiry_of(const Incident& incident) {
  const bool approved = incident.approval && incident.asked;
  return approved ? std::max(incident.plan->expires, incident.asked->expires)
                  : incident.plan->expires;
}

int tier_of(Action action, const Facts& facts) {
  switch (action) {
    case Action::escalate:
    case Action::noop:
      return 0;
    case Action::restart:
      return facts.is_stateful ? 2 : 1;
    case Action::scale_up:
      return facts.is_stateful || facts.replicas_added > 1 ? 2 : 1;
    case Action::scale_down:
    case Action::rollback:
    case Action::revert_config:
    case Action::clear_queue:
    case Action::pull_request:
      return 2;
  }
  return 2;
}

bool touches_container(Action action) {
  return !incident::is_pull(action) && action != Action::escalate && action != Action::noop;
}

// In mode auto a tier that may run alone needs nobody; else one person, in tier 2 two others than
// who proposed it where the configuration wants that.
Check check_approval(const Incident& incident, const Facts& facts, const config::Limits& limits) {
  const int tier = tier_of(action_of(incident), facts);
  const auto& alone = limits.auto_tiers;
  const bool two = tier == 2 && facts.second_approval;
  const bool runs_alone = tier == 0 || std::find(alone.begin(), alone.end(), tier) != alone.end();
  if (facts.mode == config::Mode::automatic && runs_alone && !two) return {};
  std::set<std::string> people;
  const auto proposer = base::to_lower_ascii(incident.plan->asked_by);
  for (const auto& given : incident.approvals) {
    const auto by = base::to_lower_ascii(given.by);
    if (given.plan == incident.plan->hash && !(two && by == proposer)) people.insert(by);
  }
  if (people.size() >= (two ? 2U : 1U)) return {};
  std::string why = "mode is " + std::string(config::to_string(facts.mode));
  if (facts.mode != config::Mode::approve || two) why += ", tier " + std::to_string(tier);
  if (facts.is_stateful) why += ", the target keeps data";
  if (two) {
    why += "; " + std::to_string(people.size()) + " of 2 persons approved";
    for (const auto& by : people) why += ": " + by;
  }
  return Verdict{Answer::ask, "approval", why, {}};
}

// So long before its end a lease counts no more: an effect takes its time.
Check check_lease(const Incident&, const Facts& facts, const config::Limits&) {
  if (facts.leased_until && facts.now.wall + std::chrono::seconds(2) <= *facts.leased_until)
    return {};
  return Verdict{Answer::wait,
                 "lease",
                 facts.leased_until
                     ? "the Fixer's lease ends at " + base::format_utc(*facts.leased_until)
                     : "another Fixer may be at work: there is no lease",
                 {}};
}

Verdict judge(const Incident& incident, const Facts& facts, const config::Limits& limits) {
  constexpr Guard kGuards[] = {check_stop,          check_hold,           check_mode,
                               check_exclusion,     check_selector,       check_freshness,
                               check_certainty,     check_maintenance,    check_saturation,
                               check_deploy,        check_flap,           check_progress,
                               check_cooldown,      check_service_budget, check_pull_requests,
                               check_global_budget, check_blast_radius,   check_mass_failure,
                               check_approval,      check_spacing,        check_lease};
  for (const Guard guard : kGuards) {
    if (auto verdict = guard(incident, facts, limits)) return *std::move(verdict);
  }
  return {};
}

Verdict judge_effect(const Incident& incident, const Facts& facts, const config::Limits& limits,
                     bool is_undo) {
  constexpr Guard kDoing[] = {check_stop,      check_hold,   check_mode,
                              check_exclusion, check_frozen, check_lease};
  constexpr Guard kUndoing[] = {check_stop, check_hold, check_lease};
  const auto ask = [&](const auto& guards) -> Verdict {
    for (const Guard guard : guards) {
      if (auto verdict = guard(incident, facts, limits)) return *std::move(verdict);
    }
    if (!facts.another_in_flight) return {};
    return {Answer::wait, "one_at_a_time", "another operation has no outcome yet", {}};
  };
  return is_undo ? ask(kUndoing) : ask(kDoing);
}

}  // namespace policy
