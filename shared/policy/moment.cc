#include "policy/guards.h"

namespace policy {

using incident::Action;
using incident::Incident;

namespace {

// A restart answers "stuck", not "slow": on a host without room it makes slow slower.
Check check_host(const char* what, const std::optional<double>& percent, int limit) {
  if (!percent || *percent <= limit) return {};
  return Verdict{Answer::refuse,
                 "saturation",
                 std::string("the host's ") + what + " is at " +
                     std::to_string(static_cast<int>(*percent)) + " %, over " +
                     std::to_string(limit) + " %: no restart",
                 {}};
}

}  // namespace

Check check_saturation(const Incident& incident, const Facts& facts, const config::Limits& limits) {
  if (action_of(incident) != Action::restart) return {};
  if (auto full = check_host("CPU", facts.host_cpu_percent, limits.host_cpu_percent)) return full;
  if (auto full = check_host("memory", facts.host_memory_percent, limits.host_memory_percent))
    return full;
  // What is dead cannot be slow for another's sake; to start it is never in vain.
  if (facts.sick_dependency.empty() || incident::is_death(incident.signal.kind)) return {};
  const std::string who = target_of(incident) + " calls " + facts.sick_dependency + ", which ";
  if (facts.dependency_waits)
    return Verdict{Answer::refuse, "dependency", who + "is sick and waits for a person", {}};
  return Verdict{Answer::wait, "dependency", who + "is being healed first", {}};
}

bool waits_for_thaw(const Incident& incident, const Facts& facts) {
  if (facts.maintenance.empty() || !facts.thaws) return false;
  return !is_asked_for(incident) || *facts.thaws <= expiry_of(incident);
}

Check check_maintenance(const Incident& incident, const Facts& facts,
                        const config::Limits& limits) {
  auto frozen = check_frozen(incident, facts, limits);
  if (!frozen || !waits_for_thaw(incident, facts)) return frozen;
  frozen->answer = Answer::wait;
  frozen->until = facts.thaws;
  frozen->values += "; it waits until " + base::format_utc(*facts.thaws);
  return frozen;
}

Check check_frozen(const Incident& incident, const Facts& facts, const config::Limits&) {
  if (facts.maintenance.empty()) return {};
  return Verdict{
      Answer::refuse, "maintenance", target_of(incident) + " is frozen: " + facts.maintenance, {}};
}

Check check_deploy(const Incident& incident, const Facts& facts, const config::Limits& limits) {
  const Action action = action_of(incident);
  if (action == Action::rollback || incident::is_pull(action) || !facts.deployed) return {};
  const auto since = facts.now.wall - *facts.deployed;
  if (since >= limits.deploy_freeze) return {};
  return Verdict{Answer::refuse,
                 "deploy_freeze",
                 target_of(incident) + " was deployed " + base::format_duration(since) +
                     " ago; for " + base::format_duration(limits.deploy_freeze) +
                     " only a rollback or a pull request may pass",
                 {}};
}

Check check_flap(const Incident& incident, const Facts& facts, const config::Limits& limits) {
  if (!touches_container(action_of(incident))) return {};
  if (facts.flap.flapping) {
    return Verdict{Answer::refuse,
                   "flapping",
                   std::to_string(facts.flap.percent) + " % weighted change in the last " +
                       std::to_string(kFlapResults) + " results of " + target_of(incident) +
                       "; it began above " + std::to_string(limits.flap_start_percent) +
                       " % and ends below " + std::to_string(limits.flap_end_percent) + " %",
                   {}};
  }
  if (facts.own_restarts <= limits.flap_restarts) return {};
  return Verdict{Answer::refuse,
                 "flapping",
                 std::to_string(facts.own_restarts) + " restarts of ours in " +
                     base::format_duration(limits.flap_window) + ", more than " +
                     std::to_string(limits.flap_restarts),
                 {}};
}

// Who asks for it again has looked at it; the rules have not.
Check check_progress(const Incident& incident, const Facts& facts, const config::Limits& limits) {
  if (is_asked_for(incident) || facts.fruitless < limits.no_progress_actions) return {};
  return Verdict{Answer::refuse,
                 "no_progress",
                 std::string(incident::to_string(action_of(incident))) + " of " +
                     target_of(incident) + " was done " + std::to_string(facts.fruitless) +
                     " times without a cure; at most " + std::to_string(limits.no_progress_actions),
                 {}};
}

}  // namespace policy
