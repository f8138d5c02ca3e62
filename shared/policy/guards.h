// The single guards, in the order in which judge() asks them. Each answers nothing when it lets the
// plan pass. Pure. `incident` must have a plan with a menu.
#pragma once

#include <optional>
#include <string>

#include "policy/policy.h"

namespace policy {

using Check = std::optional<Verdict>;
using Guard = Check (*)(const incident::Incident&, const Facts&, const config::Limits&);

// A person asked for this plan; the words stand for the evidence that rules would need.
[[nodiscard]] bool is_asked_for(const incident::Incident& incident);
// Of the plan's first choice.
[[nodiscard]] inline incident::Action action_of(const incident::Incident& incident) {
  return incident.plan->menu.front().action;
}
[[nodiscard]] inline const std::string& target_of(const incident::Incident& incident) {
  return incident.plan->menu.front().service;
}
// The target is frozen, but not for long, and its plan can be renewed or lasts until then.
[[nodiscard]] bool waits_for_thaw(const incident::Incident& incident, const Facts& facts);
// It changes a container; a pull request changes a file.
[[nodiscard]] bool touches_container(incident::Action action);

// Is there a reason to act, on fresh and certain knowledge? (policy.cc)
Check check_stop(const incident::Incident&, const Facts&, const config::Limits&);
Check check_hold(const incident::Incident&, const Facts&, const config::Limits&);
Check check_mode(const incident::Incident&, const Facts&, const config::Limits&);
Check check_exclusion(const incident::Incident&, const Facts&, const config::Limits&);
Check check_selector(const incident::Incident&, const Facts&, const config::Limits&);
Check check_freshness(const incident::Incident&, const Facts&, const config::Limits&);
Check check_certainty(const incident::Incident&, const Facts&, const config::Limits&);

// Is it the right moment? (moment.cc)
Check check_maintenance(const incident::Incident&, const Facts&, const config::Limits&);
// As above, but what was begun earlier is not left half done for hours: it refuses.
Check check_frozen(const incident::Incident&, const Facts&, const config::Limits&);
Check check_saturation(const incident::Incident&, const Facts&, const config::Limits&);
Check check_deploy(const incident::Incident&, const Facts&, const config::Limits&);
Check check_flap(const incident::Incident&, const Facts&, const config::Limits&);
Check check_progress(const incident::Incident&, const Facts&, const config::Limits&);

// Is it not too much? (amount.cc)
Check check_cooldown(const incident::Incident&, const Facts&, const config::Limits&);
Check check_service_budget(const incident::Incident&, const Facts&, const config::Limits&);
Check check_pull_requests(const incident::Incident&, const Facts&, const config::Limits&);
Check check_global_budget(const incident::Incident&, const Facts&, const config::Limits&);
Check check_blast_radius(const incident::Incident&, const Facts&, const config::Limits&);
Check check_mass_failure(const incident::Incident&, const Facts&, const config::Limits&);

// Did the people agree who must, and is it our turn? (policy.cc)
Check check_approval(const incident::Incident&, const Facts&, const config::Limits&);
Check check_spacing(const incident::Incident&, const Facts&, const config::Limits&);
Check check_lease(const incident::Incident&, const Facts&, const config::Limits&);

}  // namespace policy
