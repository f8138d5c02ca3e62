// The Fixer's operations that change what a container is: a merged value brought to it, and what is
// taken back. The warden makes it so however often it is asked, so what is not known is asked
// again.
#include <algorithm>

#include "agents/fixer/fixer.h"

namespace fixer {

using incident::Action;
using incident::Attempt;
using incident::Incident;
using incident::OperationState;

namespace {

constexpr base::Millis kAgain = std::chrono::seconds(2);        // Between two tries.
constexpr base::Millis kChangeMax = std::chrono::minutes(15);   // Then a person must look.
constexpr base::Millis kMergeWait = std::chrono::minutes(15);   // On top of the time to say no.
constexpr base::Millis kOrderLasts = std::chrono::seconds(60);  // At the warden's door.

bool may_pass(const base::Error& error) {
  return error.code == base::ErrorCode::unavailable || error.code == base::ErrorCode::unknown ||
         error.code == base::ErrorCode::timeout || error.code == base::ErrorCode::conflict ||
         error.message.find("rule stop") != std::string::npos ||
         error.message.find("rule traffic") != std::string::npos ||
         error.message.find("rule epoch") != std::string::npos;
}

}  // namespace

bool is_change(const Attempt& attempt) {
  return attempt.intent.action == Action::pull_request || !attempt.intent.undoes.empty();
}

template <class T>
const incident::Event* Fixer::last_event(incident::IncidentId id) const {
  const auto& events = book_.entries().at(id).events;
  const auto last = std::find_if(events.rbegin(), events.rend(), [](const auto& event) {
    return std::holds_alternative<T>(event.what);
  });
  return last == events.rend() ? nullptr : &*last;
}

void Fixer::decide_change(const Incident& incident, const role::View& view, Output& output) {
  const Attempt& last = incident.attempts.back();
  const auto& op = last.intent.op;
  if (last.intent.undoes.empty() && last.merged.empty()) return decide_pull(incident, view, output);
  if (view.busy("perform:" + op)) return;
  if (const auto result = results_.find(op); result != results_.end()) {
    if (result->second) return record_change(incident, *result->second, view, output);
    if (!may_pass(result->second.error())) {
      return record(
          incident.id,
          incident::ActionFailed{op, std::string(base::to_string(result->second.error().code)) +
                                         ": " + result->second.error().message},
          view, output);
    }
    again_[op] = view.now.boot + kAgain;
    results_.erase(result);
  }
  const auto* merged = last_event<incident::PrMerged>(incident.id);
  const auto since = merged == nullptr ? last.intended_at : std::max(last.intended_at, merged->at);
  if (view.now.wall - since > kChangeMax) {
    const std::string what = is_deployed_elsewhere(last) ? "The deploy did not bring the value to "
                             : last.intent.undoes.empty()
                                 ? "The merged value could not be brought to "
                                 : "The change could not be taken back from ";
    return record(incident.id,
                  incident::Escalated{"person", what + last.intent.service + " for " +
                                                    base::format_duration(kChangeMax) + "."},
                  view, output);
  }
  if (const auto pause = again_.find(op); pause != again_.end() && view.now.boot < pause->second)
    return output.wake_by(pause->second);
  if (is_deployed_elsewhere(last)) return watch_deploy(incident, view, output);
  const bool is_undo = !last.intent.undoes.empty();
  const auto verdict =
      policy::judge_effect(incident, facts_for(incident, view), config_.limits, is_undo);
  if (verdict.answer == policy::Answer::wait) return output.wake_by(view.now.boot + kAgain);
  if (verdict.answer != policy::Answer::allow) {
    return record(incident.id,
                  incident::ActionFailed{op, "the guard " + verdict.guard +
                                                 " refuses to bring the merged value to " +
                                                 last.intent.service + ": " + verdict.values},
                  view, output);
  }
  output.ask(Perform{change_operation(last.intent, view.now.wall)});
  intent_this_step_ = true;
}

// The value reaches the container by a deploy of somebody else's.
bool Fixer::is_deployed_elsewhere(const Attempt& attempt) const {
  const auto* service = config::find_service(config_, attempt.intent.service);
  return attempt.intent.undoes.empty() && service != nullptr && service->gitops &&
         service->gitops->deploy == config::Gitops::Deploy::workflow;
}

void Fixer::watch_deploy(const Incident& incident, const role::View& view, Output& output) {
  const auto& intent = incident.attempts.back().intent;
  if (const auto look = looks_.find(intent.op); look != looks_.end()) {
    const auto& member = look->second.member;
    const bool has_value = member && member->container.memory_limit_bytes == intent.change.to;
    if (has_value) {
      return record_change(
          incident, {warden::Outcome::done, member->container.started_at, member->container.id, ""},
          view, output);
    }
    if (view.now.boot < look->second.last + kAgain)
      return output.wake_by(look->second.last + kAgain);
  }
  output.ask(Observe{intent.op, intent.container});
}

// Open: it waits for checks, for its time, or for a person.
void Fixer::decide_pull(const Incident& incident, const role::View& view, Output& output) {
  const Attempt& last = incident.attempts.back();
  if (!last.closed.empty()) {
    return record(incident.id,
                  incident::ActionFailed{last.intent.op, "the pull request: " + last.closed}, view,
                  output);
  }
  const auto* service = config::find_service(config_, last.intent.service);
  const bool by_us = service != nullptr && service->gitops && service->gitops->merge_by_us;
  const std::string which = last.pull ? "Pull request #" + std::to_string(last.pull->number)
                                      : std::string("The pull request");
  if (last.pull && !by_us) {
    return record(
        incident.id,
        incident::Escalated{"person", which + " waits for a person to merge it. Its value "
                                              "reaches the container with the next deploy."},
        view, output);
  }
  const auto patience =
      kMergeWait + (by_us ? std::chrono::duration_cast<base::Millis>(service->gitops->merge_after)
                          : base::Millis(0));
  const auto until = last.intended_at + patience;
  if (view.now.wall > until) {
    return record(incident.id,
                  incident::Escalated{"person", which + " is not merged after " +
                                                    base::format_duration(patience) + "."},
                  view, output);
  }
  output.wake_by(view.now.boot + (until - view.now.wall));
}

warden::Operation Fixer::change_operation(const incident::ActionIntended& intent,
                                          base::WallTime now) const {
  const auto* service = config::find_service(config_, intent.service);
  warden::Operation operation;
  operation.op = intent.op;
  operation.epoch = lease_->epoch;
  operation.plan_hash = intent.plan;
  operation.expires = now + kOrderLasts;  // The merge, or the failed proof, is authority enough.
  operation.verb = intent.undoes.empty() ? warden::Verb::set_limits : warden::Verb::recreate;
  operation.container = intent.container;
  operation.seen_started_at = intent.seen_started_at;
  operation.grace = service != nullptr ? service->grace : base::Duration(0);
  operation.snapshot = intent.snapshot;
  if (intent.undoes.empty()) operation.memory_bytes = intent.change.to;
  return operation;
}

void Fixer::record_change(const Incident& incident, const warden::Performed& performed,
                          const role::View& view, Output& output) {
  const Attempt& last = incident.attempts.back();
  role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
  drafter.add(incident.id, incident::ActionDone{last.intent.op, performed.started_at,
                                                performed.outcome == warden::Outcome::superseded,
                                                performed.container, performed.snapshot});
  if (last.intent.undoes.empty()) {
    drafter.add(incident.id, incident::VerificationAsked{last.intent.op, incident.signal.service,
                                                         view.now.wall, soak_of(incident)});
  } else {
    drafter.add(incident.id, incident::UndoDone{last.intent.undoes});
    drafter.add(incident.id, incident::Escalated{"person", taken_back(incident)});
  }
  output.units.push_back({drafter.take(), {}, {}});
}

std::string Fixer::taken_back(const Incident& incident) const {
  std::string text = "The fix is not proven and was taken back";
  if (const auto* failed = last_event<incident::VerificationFailed>(incident.id))
    text += ": " + std::get<incident::VerificationFailed>(failed->what).reason;
  for (const auto& attempt : incident.attempts) {
    if (attempt.intent.op == incident.attempts.back().intent.undoes && attempt.pull)
      text += ". The new value is still in git: pull request #" +
              std::to_string(attempt.pull->number) + " wants a revert";
  }
  return text;
}

// What a failed proof leaves: a change is taken back, a restart cannot be.
void Fixer::decide_failed_proof(const Incident& incident, const role::View& view, Output& output) {
  const Attempt* last = incident.attempts.empty() ? nullptr : &incident.attempts.back();
  const bool may_undo =
      last != nullptr && is_change(*last) && last->intent.undoes.empty() && !last->snapshot.empty();
  if (!may_undo) {
    return record(
        incident.id,
        incident::Escalated{"person", "The fix is not proven: " + incident.failed->reason}, view,
        output);
  }
  const auto facts = facts_for(incident, view);
  if (policy::judge_effect(incident, facts, config_.limits, true).answer != policy::Answer::allow)
    return output.wake_by(view.now.boot + kAgain);
  incident::ActionIntended intent;
  intent.op = base::make_ulid(view.now.wall, random_);
  intent.plan = last->intent.plan;
  intent.epoch = lease_->epoch;
  intent.action = Action::rollback;
  intent.service = last->intent.service;
  intent.container = last->container.empty() ? last->intent.container : last->container;
  intent.seen_started_at = last->started_at;
  intent.expires = view.now.wall + kChangeMax;
  intent.undoes = last->intent.op;
  intent.snapshot = last->snapshot;
  role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
  drafter.add(incident.id, intent);
  output.units.push_back({drafter.take(), {}, {Perform{change_operation(intent, view.now.wall)}}});
  intent_this_step_ = true;
}

}  // namespace fixer
