// The Fixer's operations that change what a service is: rollbacks, replicas, a merged value brought
// to the container, and what is taken back. The warden makes it so however often it is asked, so
// what is not known is asked again. Only a queue is never cleared twice.
#include <algorithm>

#include "agents/fixer/fixer.h"
#include "base/ensure.h"

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
constexpr int kConflictsMax = 3;  // Made and undone so often: it will not be. What is taken back is
                                  // asked for as long as any change.

bool may_pass(const base::Error& error) {
  return error.code == base::ErrorCode::unavailable || error.code == base::ErrorCode::unknown ||
         error.code == base::ErrorCode::timeout || error.code == base::ErrorCode::conflict ||
         error.message.find("rule stop") != std::string::npos ||
         error.message.find("rule traffic") != std::string::npos ||
         error.message.find("rule cooldown") != std::string::npos ||
         error.message.find("rule epoch") != std::string::npos;
}

// What an action does, before the service's name.
std::string in_words(Action action) {
  if (action == Action::pull_request) return "to bring the merged value to";
  return "the " + std::string(incident::to_string(action)) + " of";
}

// What could not be done in all the time, before the service's name.
std::string in_vain(const Attempt& attempt, bool is_deployed_elsewhere) {
  if (!attempt.intent.undoes.empty()) return "The change could not be taken back from ";
  if (attempt.intent.action == Action::revert_config)
    return "The commit is reverted, but no deploy brought that to ";
  if (is_deployed_elsewhere) return "The deploy did not bring the value to ";
  if (attempt.intent.action == Action::pull_request)
    return "The merged value could not be brought to ";
  return "Nobody could carry out " + in_words(attempt.intent.action) + " ";
}

}  // namespace

bool is_change(const Attempt& attempt) { return attempt.intent.action != Action::restart; }

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
  if (incident::is_pull(last.intent.action) && last.merged.empty())
    return decide_pull(incident, view, output);
  if (view.busy("perform:" + op)) return;
  if (last.intent.action == Action::clear_queue)
    return decide_uncertain_clearing(incident, view, output);
  if (const auto result = results_.find(op); result != results_.end()) {
    if (result->second) return record_change(incident, *result->second, view, output);
    Again& again = again_[op];
    const bool is_undone = result->second.error().code == base::ErrorCode::conflict;
    again.conflicts += is_undone ? 1 : 0;
    const bool is_final = again.conflicts >= kConflictsMax && last.intent.undoes.empty();
    if (is_final || !may_pass(result->second.error())) {
      return record(
          incident.id,
          incident::ActionFailed{op, std::string(base::to_string(result->second.error().code)) +
                                         ": " + result->second.error().message},
          view, output);
    }
    again.at = view.now.boot + kAgain;
    results_.erase(result);
  }
  const auto* merged = last_event<incident::PrMerged>(incident.id);
  const auto since = merged == nullptr ? last.intended_at : std::max(last.intended_at, merged->at);
  if (view.now.wall - since > kChangeMax) {
    return record(incident.id,
                  incident::Escalated{"person", in_vain(last, is_deployed_elsewhere(last)) +
                                                    last.intent.service + " for " +
                                                    base::format_duration(kChangeMax) + "."},
                  view, output);
  }
  if (const auto pause = again_.find(op); pause != again_.end() && view.now.boot < pause->second.at)
    return output.wake_by(pause->second.at);
  if (last.intent.action == Action::revert_config) {
    // Git is as before; so is the container, by the rollback of before or by the next deploy.
    if (const auto as_before = deployed(incident))
      return record_change(incident, *as_before, view, output);
    return output.wake_by(view.now.boot + (since + kChangeMax - view.now.wall));
  }
  if (is_deployed_elsewhere(last)) return watch_deploy(incident, view, output);
  const bool is_undo = !last.intent.undoes.empty();
  const auto verdict =
      policy::judge_effect(incident, facts_for(incident, view), config_.limits, is_undo);
  if (verdict.answer == policy::Answer::wait) return output.wake_by(view.now.boot + kAgain);
  if (verdict.answer != policy::Answer::allow) {
    return record(incident.id,
                  incident::ActionFailed{op, "the guard " + verdict.guard + " refuses " +
                                                 in_words(last.intent.action) + " " +
                                                 last.intent.service + ": " + verdict.values},
                  view, output);
  }
  // The merge, the failed proof, or the first word of this very order is authority enough.
  output.ask(Perform{operation_of(last.intent, view.now.wall + kOrderLasts)});
  intent_this_step_ = true;
}

// The value reaches the container by a deploy of somebody else's.
bool Fixer::is_deployed_elsewhere(const Attempt& attempt) const {
  const auto* service = config::find_service(config_, attempt.intent.service);
  return attempt.intent.action == Action::pull_request && service != nullptr && service->gitops &&
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

// What is as it was before the reverted commit: nothing until it is.
std::optional<warden::Performed> Fixer::deployed(const Incident& incident) const {
  for (const auto& attempt : incident.attempts) {
    // By a rollback, or by the undo of the very change that is reverted.
    const auto* undone = incident::find_attempt(incident, attempt.intent.undoes);
    const bool is_of_it =
        attempt.intent.undoes.empty() ||
        (undone != nullptr && undone->merged == incident.attempts.back().intent.commit);
    const bool is_back = attempt.intent.action == Action::rollback && is_of_it &&
                         attempt.state == OperationState::done;
    if (is_back)
      return warden::Performed{warden::Outcome::done, attempt.started_at, attempt.container, ""};
  }
  const auto* merged = last_event<incident::PrMerged>(incident.id);
  const auto at = history_.deployed(incident.attempts.back().intent.service);
  if (merged == nullptr || !at || *at < merged->at) return std::nullopt;
  return warden::Performed{warden::Outcome::done, "", "", ""};
}

// Cleared twice it would lose what came in between: what is not known goes to a person.
void Fixer::decide_uncertain_clearing(const Incident& incident, const role::View& view,
                                      Output& output) {
  const auto& op = incident.attempts.back().intent.op;
  const auto result = results_.find(op);
  if (result != results_.end() && result->second)
    return record_change(incident, *result->second, view, output);
  const std::string error = result == results_.end() ? "the Fixer ended before the answer came"
                                                     : result->second.error().message;
  const bool is_certain = result != results_.end() &&
                          result->second.error().code != base::ErrorCode::unknown &&
                          result->second.error().code != base::ErrorCode::timeout;
  if (is_certain) return record(incident.id, incident::ActionFailed{op, error}, view, output);
  role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
  if (incident.attempts.back().state != OperationState::unknown)
    drafter.add(incident.id, incident::ActionUnknown{op, error});
  drafter.add(incident.id,
              incident::Escalated{"person",
                                  "The queue may have been cleared, and is not cleared "
                                  "twice: " +
                                      error});
  output.units.push_back({drafter.take(), {}, {}});
}

warden::Operation Fixer::operation_of(const incident::ActionIntended& intent,
                                      base::WallTime expires) const {
  const auto* service = config::find_service(config_, intent.service);
  warden::Operation operation;
  operation.op = intent.op;
  operation.epoch = lease_->epoch;
  operation.plan_hash = intent.plan;
  operation.expires = expires;
  operation.container = intent.container;
  operation.seen_started_at = intent.seen_started_at;
  operation.grace = service != nullptr ? service->grace : base::Duration(0);
  switch (intent.action) {
    case Action::restart:
      operation.verb = warden::Verb::restart;
      return operation;
    case Action::rollback:
      operation.verb = warden::Verb::recreate;
      operation.snapshot = intent.snapshot;
      return operation;
    case Action::scale_up:
    case Action::scale_down:
      operation.verb = warden::Verb::scale;
      operation.count = static_cast<int>(intent.change.to);
      return operation;
    case Action::pull_request:
      operation.verb = warden::Verb::set_limits;
      operation.memory_bytes = intent.change.to;
      return operation;
    case Action::clear_queue:
      operation.verb = warden::Verb::clear_queue;
      return operation;
    case Action::revert_config:
    case Action::escalate:
    case Action::noop:
      break;
  }
  base::fail_ensure("an action that is none of the warden's");
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
    const bool goes_on = incident.plan && !incident.plan->menu.front().on_failure.empty();
    if (!goes_on) drafter.add(incident.id, incident::Escalated{"person", taken_back(incident)});
  }
  output.units.push_back({drafter.take(), {}, {}});
}

std::string Fixer::taken_back(const Incident& incident) const {
  std::string text = "The fix is not proven and was taken back";
  if (const auto* failed = last_event<incident::VerificationFailed>(incident.id))
    text += ": " + std::get<incident::VerificationFailed>(failed->what).reason;
  const auto* undone = incident::find_attempt(incident, incident.attempts.back().intent.undoes);
  if (undone != nullptr && undone->pull)
    text += ". The new value is still in git: pull request #" +
            std::to_string(undone->pull->number) + " wants a revert";
  return text;
}

// What a failed proof leaves: a change is taken back, a restart cannot be.
void Fixer::decide_failed_proof(const Incident& incident, const role::View& view, Output& output) {
  const Attempt* last = incident.attempts.empty() ? nullptr : &incident.attempts.back();
  if (last == nullptr || !incident::can_be_undone(*last)) {
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
  intent.service = last->intent.service;
  intent.container = last->container.empty() ? last->intent.container : last->container;
  intent.seen_started_at = last->started_at;
  intent.expires = view.now.wall + kChangeMax;
  intent.undoes = last->intent.op;
  const auto& change = last->intent.change;
  if (change.field == "replicas") {
    intent.action = change.to > change.from ? Action::scale_down : Action::scale_up;
    intent.change = {change.field, change.to, change.from};
  } else {
    intent.action = Action::rollback;
    intent.snapshot = last->snapshot;
  }
  role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
  drafter.add(incident.id, intent);
  output.units.push_back(
      {drafter.take(), {}, {Perform{operation_of(intent, view.now.wall + kOrderLasts)}}});
  intent_this_step_ = true;
}

}  // namespace fixer
