#include "agents/fixer/fixer.h"

#include <algorithm>

namespace fixer {
namespace {

using incident::Action;
using incident::Attempt;
using incident::Incident;
using incident::OperationState;
using incident::State;

constexpr base::Duration kLookAgain = std::chrono::milliseconds(300);   // Between two looks at an open operation.
constexpr base::Duration kInFlight = std::chrono::seconds(10);          // An engine may still be at it so long after the grace.
constexpr base::Millis kApprovalWait = std::chrono::minutes(30);
constexpr int kAttemptsMax = 5;                                         // Of one plan; only proven not-applied ones repeat.

const config::Service* service_of(const config::Config& config, const Incident& incident) {
  return config::find_service(config, incident.plan->menu.front().service);
}

}  // namespace

std::string key_of(const Request& request) {
  if (const auto* perform = std::get_if<Perform>(&request)) return "perform:" + perform->operation.op;
  if (const auto* observe = std::get_if<Observe>(&request)) return "observe:" + observe->op;
  return "lease";
}

Fixer::Fixer(const config::Config& config, base::Random& random) : config_(config), random_(random) {}

void Fixer::absorb(const ledger::Record& record, base::Now) {
  book_.absorb(record.event);
  const auto forget = [&](const std::string& op) {
    results_.erase(op);
    observations_.erase(op);
  };
  if (const auto* done = std::get_if<incident::ActionDone>(&record.event.what)) forget(done->op);
  if (const auto* failed = std::get_if<incident::ActionFailed>(&record.event.what)) forget(failed->op);
  if (const auto* unknown = std::get_if<incident::ActionUnknown>(&record.event.what)) forget(unknown->op);
}

void Fixer::absorb(const Answer& answer, base::Now now) {
  if (const auto* performed = std::get_if<PerformedOp>(&answer)) results_.insert_or_assign(performed->op, performed->result);
  if (const auto* observed = std::get_if<Observed>(&answer)) {
    observations_.insert_or_assign(observed->op, observed->member);
    look_after_[observed->op] = now.boot + kLookAgain;
  }
  if (const auto* leased = std::get_if<Leased>(&answer)) {
    lease_read_ = now.boot;
    if (leased->lease) lease_ = *leased->lease;
    else lease_.reset();
  }
}

role::Output<Request> Fixer::decide(const role::View& view) {
  Output output;
  intent_this_step_ = false;
  decide_lease(view, output);
  for (const auto id : book_.live()) {
    const Incident& incident = *book_.find(id);
    switch (incident.state) {
      case State::planned: decide_plan(incident, view, output); break;
      case State::awaiting_approval: decide_approval(incident, view, output); break;
      case State::acting: decide_action(incident, view, output); break;
      case State::verifying:
        // A restart gets no second try: what it did not cure, a person must see.
        if (incident.failed) record(id, incident::Escalated{"person", "The fix is not proven: " + incident.failed->reason}, view, output);
        break;
      case State::resolved:
        if (!incident.outcome) {
          const auto& last = incident.attempts.back().intent;
          record(id, incident::IncidentResolved{last.op, std::string(incident::to_string(last.action)), true}, view, output);
        }
        break;
      case State::open:
      case State::diagnosing:
      case State::closed:
      case State::escalated:
      case State::inconclusive:
      case State::stood_down:
      case State::self_healed:
      case State::joined: break;
    }
  }
  return output;
}

void Fixer::decide_lease(const role::View& view, Output& output) const {
  const auto next = lease_ ? lease_read_ + kLeaseRenewal : lease_read_ + (lease_read_.time_since_epoch().count() == 0 ? base::Duration(0) : base::Duration(std::chrono::seconds(1)));
  if (view.now.boot >= next) output.ask(KeepLease{});
  else output.wake_by(next);
}

policy::Facts Fixer::facts_for(const Incident& incident, const role::View& view) const {
  policy::Facts facts;
  facts.now = view.now;
  facts.stopped = view.stop_file || book_.stop().has_value();
  facts.stop_reason = book_.stop() ? book_.stop()->reason + " (by " + book_.stop()->by + ")" : "the stop file exists";
  const auto& choice = incident.plan->menu.front();
  if (const auto* service = service_of(config_, incident)) {
    facts.mode = config::mode_of(config_, *service);
    facts.is_protected = service->protect;
  }
  facts.excluded = std::any_of(config_.exclude.begin(), config_.exclude.end(), [&](const auto& name) {
    return name == choice.service || name == incident.signal.container_name;
  });
  facts.services = static_cast<int>(config_.services.size());
  for (const auto& [id, entry] : book_.entries()) {
    const Incident& other = entry.incident;
    const bool open = !incident::is_over(other.state) || other.state == State::escalated;
    facts.red_services += open ? 1 : 0;
    for (const auto& attempt : other.attempts) {
      if (view.now.wall - attempt.intended_at > std::chrono::hours(24) || attempt.state == OperationState::failed) continue;
      facts.all_actions.push_back(attempt.intended_at);
      if (attempt.intent.service == choice.service) facts.service_actions.push_back(attempt.intended_at);
    }
    facts.another_in_flight = facts.another_in_flight || (id != incident.id && other.state == State::acting);
  }
  facts.another_in_flight = facts.another_in_flight || intent_this_step_;
  std::sort(facts.all_actions.begin(), facts.all_actions.end());
  std::sort(facts.service_actions.begin(), facts.service_actions.end());
  return facts;
}

void Fixer::decide_plan(const Incident& incident, const role::View& view, Output& output) {
  const auto& choice = incident.plan->menu.front();
  if (choice.action == Action::escalate) return record(incident.id, incident::Escalated{"person", choice.reason}, view, output);
  if (choice.action == Action::noop) {
    return record(incident.id, incident::VerificationAsked{"", choice.service, view.now.wall, config_.limits.soak}, view, output);
  }
  const auto verdict = policy::judge(incident, facts_for(incident, view), config_.limits);
  switch (verdict.answer) {
    case policy::Answer::allow: return intend(incident, view, output);
    case policy::Answer::ask:
      return record(incident.id, incident::ApprovalAsked{incident.plan->hash, view.now.wall + kApprovalWait}, view, output);
    case policy::Answer::wait: {
      if (verdict.until) output.wake_by(view.now.boot + (*verdict.until - view.now.wall));
      // Told once in the issue; spacing of seconds is not worth telling.
      const bool told = incident.refused && incident.refused->guard == verdict.guard;
      if (verdict.guard == "stop" && !told) {
        record(incident.id, incident::PlanRefused{incident.plan->hash, verdict.guard, verdict.values, false}, view, output);
      }
      return;
    }
    case policy::Answer::replan:
      return record(incident.id, incident::PlanRefused{incident.plan->hash, verdict.guard, verdict.values, true}, view, output);
    case policy::Answer::refuse: return refuse(incident, verdict, view, output);
  }
}

void Fixer::refuse(const Incident& incident, const policy::Verdict& verdict, const role::View& view, Output& output) {
  role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
  drafter.add(incident.id, incident::PlanRefused{incident.plan->hash, verdict.guard, verdict.values, false});
  drafter.add(incident.id, incident::Escalated{"person", "The guard " + verdict.guard + " refuses to act: " + verdict.values});
  output.units.push_back({drafter.take(), {}, {}});
}

void Fixer::decide_approval(const Incident& incident, const role::View& view, Output& output) {
  if (!incident.asked) return;
  if (view.now.wall > incident.asked->expires) {
    return refuse(incident, {policy::Answer::refuse, "approval", "nobody approved before " + base::format_utc(incident.asked->expires), {}}, view, output);
  }
  output.wake_by(view.now.boot + std::chrono::seconds(1));
}

void Fixer::intend(const Incident& incident, const role::View& view, Output& output) {
  // Without a lease that outlives the call, another Fixer might be at work.
  if (!lease_ || view.now.wall + std::chrono::seconds(2) > lease_->expires) return output.wake_by(view.now.boot + kLookAgain);
  const auto& choice = incident.plan->menu.front();
  const auto* service = service_of(config_, incident);
  incident::ActionIntended intent;
  intent.op = base::make_ulid(view.now.wall, random_);
  intent.plan = incident.plan->hash;
  intent.epoch = lease_->epoch;
  intent.action = choice.action;
  intent.service = choice.service;
  intent.container = choice.container;
  intent.seen_started_at = choice.seen_started_at;
  intent.expires = incident.plan->expires;
  warden::Operation operation;
  operation.op = intent.op;
  operation.epoch = intent.epoch;
  operation.plan_hash = intent.plan;
  operation.expires = intent.expires;
  operation.verb = warden::Verb::restart;
  operation.container = intent.container;
  operation.seen_started_at = intent.seen_started_at;
  operation.grace = service != nullptr ? service->grace : base::Duration(0);
  role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
  drafter.add(incident.id, intent);
  output.units.push_back({drafter.take(), {}, {Perform{std::move(operation)}}});
  intent_this_step_ = true;
}

void Fixer::decide_action(const Incident& incident, const role::View& view, Output& output) {
  const Attempt& last = incident.attempts.back();
  switch (last.state) {
    case OperationState::done:
      return record(incident.id, incident::VerificationAsked{last.intent.op, last.intent.service, view.now.wall, config_.limits.soak}, view, output);
    case OperationState::failed: return decide_failed_operation(incident, view, output);
    case OperationState::intent:
    case OperationState::unknown: return decide_open_operation(incident, view, output);
    case OperationState::held: return;
  }
}

// An operation without a known outcome: use the answer if there is one; without any, look at the world.
void Fixer::decide_open_operation(const Incident& incident, const role::View& view, Output& output) {
  const Attempt& last = incident.attempts.back();
  const auto& op = last.intent.op;
  if (view.busy("perform:" + op)) return;
  if (const auto result = results_.find(op); result != results_.end()) {
    if (result->second) {
      role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
      drafter.add(incident.id, incident::ActionDone{op, result->second->started_at, result->second->outcome == warden::Outcome::superseded});
      drafter.add(incident.id, incident::VerificationAsked{op, last.intent.service, view.now.wall, config_.limits.soak});
      output.units.push_back({drafter.take(), {}, {}});
    } else if (result->second.error().code == base::ErrorCode::unknown || result->second.error().code == base::ErrorCode::timeout) {
      record(incident.id, incident::ActionUnknown{op, result->second.error().message}, view, output);
    } else {
      const auto& error = result->second.error();
      record(incident.id, incident::ActionFailed{op, std::string(base::to_string(error.code)) + ": " + error.message}, view, output);
    }
    return;
  }
  const auto seen = observations_.find(op);
  if (seen != observations_.end() && seen->second) {
    const auto& container = seen->second->container;
    const bool running = container.state == engine::RunState::running;
    if (running && container.started_at != last.intent.seen_started_at) {
      return record(incident.id, incident::ActionDone{op, container.started_at, false}, view, output);
    }
    const auto* service = config::find_service(config_, last.intent.service);
    const auto settled = last.intended_at + std::chrono::duration_cast<base::Millis>((service != nullptr ? service->grace : base::Duration(0)) + kInFlight);
    if (!running || view.now.wall > settled) {
      return record(incident.id, incident::ActionFailed{op, "unavailable: observed: the container " + std::string(running ? "still runs its old life" : "does not run")}, view, output);
    }
  }
  const auto after = look_after_.find(op);
  if (after != look_after_.end() && view.now.boot < after->second) return output.wake_by(after->second);
  output.ask(Observe{op, last.intent.container});
}

// Proven not applied. What a later try may cure is tried again while the plan is fresh.
void Fixer::decide_failed_operation(const Incident& incident, const role::View& view, Output& output) {
  const Attempt& last = incident.attempts.back();
  const bool transient = last.error.starts_with("unavailable") || last.error.starts_with("conflict");
  const bool stopped = view.stop_file || book_.stop().has_value();
  if (transient && stopped) return;
  if (transient && static_cast<int>(incident.attempts.size()) < kAttemptsMax && view.now.wall <= incident.plan->expires) {
    const auto next = *last.ended_at + base::Millis(200) * static_cast<int>(incident.attempts.size());
    if (view.now.wall < next) return output.wake_by(view.now.boot + (next - view.now.wall));
    return intend(incident, view, output);
  }
  record(incident.id, incident::Escalated{"person", "The action failed: " + last.error}, view, output);
}

void Fixer::record(incident::IncidentId id, incident::Payload what, const role::View& view, Output& output) {
  role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
  output.units.push_back({drafter.add(id, std::move(what)).take(), {}, {}});
}

}  // namespace fixer
