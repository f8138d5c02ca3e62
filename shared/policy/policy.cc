#include "policy/policy.h"

#include <algorithm>

namespace policy {
namespace {

using incident::Action;
using incident::Incident;

constexpr base::Duration kCooldownMax = std::chrono::hours(4);
constexpr base::Duration kCooldownForgets = std::chrono::hours(2);

int within(const std::vector<base::WallTime>& actions, base::Duration window, base::WallTime now) {
  return static_cast<int>(
      std::count_if(actions.begin(), actions.end(), [&](auto at) { return now - at < window; }));
}

std::string of(int have, int limit, const char* what) {
  return std::to_string(have) + " of at most " + std::to_string(limit) + " " + what;
}

// The command of a person stands for the evidence that rules would need; it lasts as long as its
// plan.
bool is_asked_for(const Incident& incident) { return !incident.plan->asked_by.empty(); }

std::string text(double value) { return std::to_string(value).substr(0, 4); }

using Check = std::optional<Verdict>;

Check check_stop(const Incident&, const Facts& facts, const config::Limits&) {
  if (!facts.stopped) return {};
  return Verdict{Answer::wait, "stop", "the stop is set: " + facts.stop_reason, {}};
}

Check check_hold(const Incident& incident, const Facts&, const config::Limits&) {
  if (incident.held_by.empty()) return {};
  return Verdict{Answer::wait, "hold", "held by " + incident.held_by, {}};
}

Check check_mode(const Incident& incident, const Facts& facts, const config::Limits&) {
  const auto& choice = incident.plan->menu.front();
  const std::string would = "mode is " + std::string(config::to_string(facts.mode)) + "; would " +
                            std::string(incident::to_string(choice.action)) + " " + choice.service;
  if (facts.mode == config::Mode::observe || facts.mode == config::Mode::dry_run)
    return Verdict{Answer::refuse, "mode", would, {}};
  return {};
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
  if (choice.container.size() == 64) return {};
  return Verdict{Answer::refuse, "selector", "no container is known for " + choice.service, {}};
}

Check check_freshness(const Incident& incident, const Facts& facts, const config::Limits& limits) {
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

// A pull request touches no container before its own time to say no is over.
Check check_cooldown(const Incident& incident, const Facts& facts, const config::Limits& limits) {
  if (incident.plan->menu.front().action == Action::pull_request) return {};
  if (facts.service_actions.empty()) return {};
  const auto pause = cooldown_after(facts.service_actions, limits.cooldown, facts.now.wall);
  const auto since = facts.now.wall - facts.service_actions.back();
  if (since >= pause) return {};
  return Verdict{Answer::refuse,
                 "cooldown",
                 base::format_duration(since) + " after the last action, " +
                     base::format_duration(pause) + " must pass",
                 {}};
}

Check check_budgets(const Incident&, const Facts& facts, const config::Limits& limits) {
  using namespace std::chrono_literals;
  const struct {
    const std::vector<base::WallTime>& actions;
    base::Duration window;
    int limit;
    const char* guard;
    const char* what;
  } rows[] = {
      {facts.service_actions, 1h, limits.service_actions_per_hour, "service_budget",
       "actions per hour"},
      {facts.service_actions, 24h, limits.service_actions_per_day, "service_budget",
       "actions per day"},
      {facts.all_actions, 1h, limits.global_actions_per_hour, "global_budget",
       "actions per hour over all services"},
      {facts.all_actions, 24h, limits.global_actions_per_day, "global_budget",
       "actions per day over all services"},
  };
  for (const auto& row : rows) {
    const int spent = within(row.actions, row.window, facts.now.wall);
    if (spent >= row.limit)
      return Verdict{Answer::refuse, row.guard, of(spent, row.limit, row.what), {}};
  }
  return {};
}

Check check_mass_failure(const Incident&, const Facts& facts, const config::Limits& limits) {
  if (facts.red_services < limits.mass_failure_min || facts.services == 0) return {};
  const int percent = facts.red_services * 100 / facts.services;
  if (percent <= limits.mass_failure_percent) return {};
  return Verdict{Answer::refuse,
                 "mass_failure",
                 std::to_string(facts.red_services) + " of " + std::to_string(facts.services) +
                     " services are red: " + std::to_string(percent) + " % is over " +
                     std::to_string(limits.mass_failure_percent) + " %",
                 {}};
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

Check check_approval(const Incident& incident, const Facts& facts, const config::Limits&) {
  if (facts.mode != config::Mode::approve ||
      (incident.approval && incident.approval->plan == incident.plan->hash))
    return {};
  return Verdict{Answer::ask, "approval", "mode is approve", {}};
}

}  // namespace

base::Duration cooldown_after(const std::vector<base::WallTime>& actions, base::Duration base,
                              base::WallTime now) {
  base::Duration pause(0);
  base::WallTime previous{};
  for (const auto at : actions) {
    if (pause.count() > 0 && at - previous > kCooldownForgets) pause = base::Duration(0);
    pause = pause.count() == 0 ? base : std::min(pause * 2, kCooldownMax);
    previous = at;
  }
  return !actions.empty() && now - previous > kCooldownForgets ? base : pause;
}

base::WallTime expiry_of(const Incident& incident) {
  const bool approved = incident.approval && incident.asked;
  return approved ? std::max(incident.plan->expires, incident.asked->expires)
                  : incident.plan->expires;
}

Verdict judge(const Incident& incident, const Facts& facts, const config::Limits& limits) {
  using Rule = Check (*)(const Incident&, const Facts&, const config::Limits&);
  constexpr Rule kRules[] = {check_stop,     check_hold,         check_mode,      check_exclusion,
                             check_selector, check_freshness,    check_certainty, check_cooldown,
                             check_budgets,  check_mass_failure, check_approval,  check_spacing};
  for (const Rule rule : kRules) {
    if (auto verdict = rule(incident, facts, limits)) return *std::move(verdict);
  }
  return {};
}

}  // namespace policy
