#include <algorithm>

#include "policy/guards.h"

namespace policy {

using incident::Action;
using incident::Incident;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration kCooldownMax = std::chrono::hours(4);
constexpr base::Duration kCooldownForgets = std::chrono::hours(2);

Check check_count(int have, int limit, const char* guard, const char* what) {
  if (have < limit) return {};
  return Verdict{Answer::refuse,
                 guard,
                 std::to_string(have) + " of at most " + std::to_string(limit) + " " + what,
                 {}};
}

}  // namespace

Check check_cooldown(const Incident& incident, const Facts& facts, const config::Limits& limits) {
  if (facts.service_actions.empty() || !touches_container(action_of(incident))) return {};
  // A person scales as often as the warden lets anybody: they see what came of the last time.
  const Action action = action_of(incident);
  const bool is_asked_scaling =
      is_asked_for(incident) && (action == Action::scale_up || action == Action::scale_down);
  const auto pause = is_asked_scaling
                         ? limits.scale_cooldown
                         : cooldown_after(facts.service_actions, limits.cooldown, facts.now.wall);
  const auto since = facts.now.wall - facts.service_actions.back();
  if (since >= pause) return {};
  return Verdict{Answer::refuse,
                 "cooldown",
                 base::format_duration(since) + " after the last action, " +
                     base::format_duration(pause) + " must pass",
                 {}};
}

Check check_service_budget(const Incident& incident, const Facts& facts,
                           const config::Limits& limits) {
  if (!touches_container(action_of(incident))) return {};
  if (auto spent =
          check_count(actions_within(facts.service_actions, 1h, facts.now.wall),
                      limits.service_actions_per_hour, "service_budget", "actions per hour"))
    return spent;
  return check_count(actions_within(facts.service_actions, 24h, facts.now.wall),
                     limits.service_actions_per_day, "service_budget", "actions per day");
}

Check check_pull_requests(const Incident& incident, const Facts& facts,
                          const config::Limits& limits) {
  if (!incident::is_pull(action_of(incident))) return {};
  if (auto open = check_count(facts.open_pull_requests, limits.pull_requests_open, "pull_requests",
                              "open pull requests of the service"))
    return open;
  return check_count(facts.pull_requests_today, limits.pull_requests_per_day, "pull_requests",
                     "pull requests per day over all services");
}

Check check_global_budget(const Incident&, const Facts& facts, const config::Limits& limits) {
  if (auto spent = check_count(actions_within(facts.all_actions, 1h, facts.now.wall),
                               limits.global_actions_per_hour, "global_budget",
                               "actions per hour over all services"))
    return spent;
  return check_count(actions_within(facts.all_actions, 24h, facts.now.wall),
                     limits.global_actions_per_day, "global_budget",
                     "actions per day over all services");
}

Check check_blast_radius(const Incident& incident, const Facts& facts,
                         const config::Limits& limits) {
  const Action action = action_of(incident);
  if (!touches_container(action)) return {};
  const bool takes_away = action != Action::scale_up && action != Action::clear_queue;
  if (takes_away && facts.target_is_healthy && !is_asked_for(incident) && facts.healthy_replicas &&
      *facts.healthy_replicas <= 1) {
    return Verdict{Answer::refuse,
                   "last_healthy",
                   "nothing says that " + target_of(incident) + " is sick, and it has " +
                       std::to_string(*facts.healthy_replicas) + " healthy replica",
                   {}};
  }
  const int allowed = std::max(1, facts.containers * limits.blast_radius_percent / 100);
  if (facts.target_touched || facts.touched < allowed) return {};
  return Verdict{Answer::refuse,
                 "blast_radius",
                 std::to_string(facts.touched) + " of at most " + std::to_string(allowed) +
                     " containers acted on per hour (" +
                     std::to_string(limits.blast_radius_percent) + " % of " +
                     std::to_string(facts.containers) + ", at least 1)",
                 {}};
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

int actions_within(const std::vector<base::WallTime>& actions, base::Duration window,
                   base::WallTime now) {
  return static_cast<int>(
      std::count_if(actions.begin(), actions.end(), [&](auto at) { return now - at < window; }));
}

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

}  // namespace policy
