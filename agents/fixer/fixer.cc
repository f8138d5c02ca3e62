#include "agents/fixer/fixer.h"

#include <algorithm>

#include "agents/fixer/facts.h"

namespace fixer {
namespace {

using incident::Action;
using incident::Attempt;
using incident::Incident;
using incident::OperationState;
using incident::State;

constexpr base::Duration kLookAgain =
    std::chrono::milliseconds(300);  // Between two looks at an open operation.
constexpr base::Duration kInFlight =
    std::chrono::seconds(10);  // An engine may still be at it so long after the grace.
constexpr base::Duration kStands =
    std::chrono::milliseconds(250);  // So long "not running" is no mere passage of a restart.
constexpr base::Duration kUnknownMax = std::chrono::minutes(15);  // Then a person must look.
constexpr base::Millis kRetryFirst =
    std::chrono::milliseconds(200);  // Then four times the pause before.
constexpr base::Millis kApprovalWait = std::chrono::minutes(30);
constexpr base::Duration kHostFresh = std::chrono::seconds(10);
constexpr base::Duration kOpinionFresh = std::chrono::seconds(2);
constexpr int kAttemptsMax = 5;  // Of one plan; only proven not-applied ones repeat.

// Proven not applied, and a later try may be: what was in the way goes away by itself. A stop does
// so when it is cleared, another operation when it ends, an old epoch with the next lease.
bool is_transient(const std::string& error) {
  constexpr std::string_view kPassing[] = {"unavailable", "conflict", "denied: rule stop",
                                           "denied: rule traffic", "denied: rule epoch"};
  return std::any_of(std::begin(kPassing), std::end(kPassing),
                     [&](auto start) { return error.starts_with(start); });
}

// A stop in the way makes it no try.
bool is_try(const Attempt& attempt) { return !attempt.error.starts_with("denied: rule stop"); }

constexpr const char* kAskedOnIssue = "Asked for on the issue by /escalate.";

// Whoever asked for the plan has it back; nobody did: any person.
std::string whose(const Incident& incident) {
  return incident.plan && !incident.plan->asked_by.empty() ? incident.plan->asked_by : "person";
}

std::string in_words(policy::Answer answer) {
  switch (answer) {
    case policy::Answer::allow:
      return "allow";
    case policy::Answer::ask:
      return "ask";
    case policy::Answer::wait:
      return "wait";
    case policy::Answer::refuse:
      return "refuse";
    case policy::Answer::replan:
      return "replan";
  }
  return "";
}

// When the guard that lets wait is to be asked again; what the ledger tells wakes by itself.
void wake_for(const policy::Verdict& verdict, const role::View& view,
              role::Output<Request>& output) {
  if (verdict.until) output.wake_by(view.now.boot + (*verdict.until - view.now.wall));
  if (verdict.guard == "lease") output.wake_by(view.now.boot + kLookAgain);
}

}  // namespace

std::string key_of(const Request& request) {
  if (const auto* perform = std::get_if<Perform>(&request))
    return "perform:" + perform->operation.op;
  if (const auto* observe = std::get_if<Observe>(&request)) return "observe:" + observe->op;
  if (const auto* ask = std::get_if<AskOpinion>(&request))
    return "opinion:" + std::to_string(ask->question.incident) + ":" + ask->question.plan;
  return std::holds_alternative<LookAtHost>(request) ? "host" : "lease";
}

Fixer::Fixer(const config::Config& config, base::Random& random)
    : config_(config), random_(random) {}

void Fixer::absorb(const ledger::Record& record, base::Now) {
  book_.absorb(record.event);
  history_.absorb(record.event);
  const auto forget = [&](const std::string& op) {
    results_.erase(op);
    looks_.erase(op);
    again_.erase(op);
  };
  if (const auto* done = std::get_if<incident::ActionDone>(&record.event.what)) forget(done->op);
  if (const auto* failed = std::get_if<incident::ActionFailed>(&record.event.what))
    forget(failed->op);
  if (const auto* unknown = std::get_if<incident::ActionUnknown>(&record.event.what))
    forget(unknown->op);
}

void Fixer::absorb(const Answer& answer, base::Now now) {
  if (const auto* performed = std::get_if<PerformedOp>(&answer))
    results_.insert_or_assign(performed->op, performed->result);
  if (const auto* observed = std::get_if<Observed>(&answer)) {
    const auto before = looks_.find(observed->op);
    const bool same = before != looks_.end() && before->second.member && observed->member &&
                      before->second.member->container == observed->member->container;
    looks_.insert_or_assign(
        observed->op, Look{observed->member, same ? before->second.since : now.boot, now.boot});
  }
  if (const auto* given = std::get_if<OpinionGiven>(&answer))
    opinions_.insert_or_assign(given->incident, Heard{given->plan, given->opinion, now.boot});
  if (const auto* load = std::get_if<HostLoad>(&answer)) {
    host_ = *load;
    host_read_ = now.boot;
  }
  if (const auto* leased = std::get_if<Leased>(&answer)) {
    lease_read_ = now.boot;
    if (leased->lease)
      lease_ = *leased->lease;
    else
      lease_.reset();
  }
}

role::Output<Request> Fixer::decide(const role::View& view) {
  Output output;
  intent_this_step_ = false;
  history_.prune(view.now.wall);
  decide_lease(view, output);
  for (const auto id : book_.live()) {
    const Incident& incident = *book_.find(id);
    decide_asked(incident, view, output);
    decide_state(incident, view, output);
  }
  return output;
}

// What people asked for on the issue.
void Fixer::decide_asked(const Incident& incident, const role::View& view, Output& output) {
  const bool is_planning = incident.state == State::open || incident.state == State::diagnosing;
  if (!incident.preview_asked_by.empty() && incident::goes_on(incident.state) && !is_planning)
    judge_menu(incident, view, output);
}

// As decide_plan() would, entry by entry, as if nothing held it.
void Fixer::judge_menu(const Incident& incident, const role::View& view, Output& output) {
  incident::PlanJudged judged;
  judged.by = incident.preview_asked_by;
  if (incident.plan) judged.plan = incident.plan->hash;
  const auto menu = incident.plan ? incident.plan->menu : std::vector<incident::MenuEntry>{};
  for (const auto& entry : menu) {
    incident::Judgement one{entry.id, "none", "", ""};
    if (entry.action != Action::escalate && entry.action != Action::noop) {
      Incident supposed = incident;
      supposed.plan->menu = {entry};
      supposed.held_by.clear();
      auto facts = facts_for(supposed, view);
      // Whose turn it is changes within seconds.
      facts.leased_until = view.now.wall + std::chrono::duration_cast<base::Millis>(kLease);
      const auto verdict = policy::judge(supposed, facts, config_.limits);
      one = {entry.id, in_words(verdict.answer), verdict.guard, verdict.values};
    }
    judged.entries.push_back(std::move(one));
  }
  record(incident.id, std::move(judged), view, output);
}

void Fixer::decide_state(const Incident& incident, const role::View& view, Output& output) {
  const auto id = incident.id;
  // A person takes it as soon as nothing is under way.
  if (!incident.escalation_asked_by.empty() && !incident::is_over(incident.state) &&
      !incident::is_in_flight(incident))
    return record(id, incident::Escalated{incident.escalation_asked_by, kAskedOnIssue}, view,
                  output);
  switch (incident.state) {
    case State::planned:
      decide_plan(incident, view, output);
      break;
    case State::awaiting_approval:
      decide_approval(incident, view, output);
      break;
    case State::acting:
      decide_action(incident, view, output);
      break;
    case State::verifying:
      // A restart gets no second try: what it did not cure, a person must see.
      if (incident.failed) decide_failed_proof(incident, view, output);
      break;
    case State::resolved:
      if (!incident.outcome) {
        const auto& last = incident.attempts.back().intent;
        record(id,
               incident::IncidentResolved{last.op, std::string(incident::to_string(last.action)),
                                          true},
               view, output);
      }
      break;
    case State::open:
    case State::diagnosing:
    case State::closed:
    case State::escalated:
    case State::inconclusive:
    case State::stood_down:
    case State::self_healed:
    case State::joined:
      break;
  }
}

void Fixer::decide_lease(const role::View& view, Output& output) const {
  const auto next = lease_ ? lease_read_ + kLeaseRenewal
                           : lease_read_ + (lease_read_.time_since_epoch().count() == 0
                                                ? base::Duration(0)
                                                : base::Duration(std::chrono::seconds(1)));
  if (view.now.boot < next) return output.wake_by(next);
  output.ask(KeepLease{});
  output.ask(LookAtHost{});
}

policy::Facts Fixer::facts_for(const Incident& incident, const role::View& view) const {
  const HostLoad host = view.now.boot - host_read_ <= kHostFresh ? host_ : HostLoad{};
  return facts_of(incident, {config_, book_, history_, view.now, view.stop_file, intent_this_step_,
                             lease_, host.cpu_percent, host.memory_percent});
}

policy::Verdict Fixer::judge(const Incident& incident, const role::View& view, Output& output) {
  const auto facts = facts_for(incident, view);
  auto verdict = policy::judge(incident, facts, config_.limits);
  if (config_.opa.empty() || verdict.answer != policy::Answer::allow) return verdict;
  const auto heard = opinions_.find(incident.id);
  const bool counts = heard != opinions_.end() && heard->second.plan == incident.plan->hash &&
                      view.now.boot - heard->second.at <= kOpinionFresh;
  if (counts && heard->second.opinion.allow) return verdict;
  if (counts) return {policy::Answer::refuse, "opa", heard->second.opinion.reason, {}};
  output.ask(AskOpinion{policy::question_of(incident, facts)});
  return {policy::Answer::wait, "opa", "the policy server is being asked", {}};
}

// A runbook may ask for a longer proof, never for a shorter one.
base::Duration Fixer::soak_of(const Incident& incident) const {
  return std::max(config_.limits.soak, incident.plan->menu.front().soak);
}

void Fixer::decide_plan(const Incident& incident, const role::View& view, Output& output) {
  if (incident.action_asked) return;  // Its plan comes before this one is begun.
  const auto& choice = incident.plan->menu.front();
  if (choice.action == Action::escalate)
    return record(incident.id, handed_back(incident, whose(incident), choice.reason), view, output);
  if (choice.action == Action::noop) {
    return record(incident.id,
                  incident::VerificationAsked{"", choice.service, view.now.wall, soak_of(incident)},
                  view, output);
  }
  const auto verdict = judge(incident, view, output);
  switch (verdict.answer) {
    case policy::Answer::allow:
      return intend(incident, view, output);
    case policy::Answer::ask:
      return record(incident.id,
                    incident::ApprovalAsked{incident.plan->hash, view.now.wall + kApprovalWait},
                    view, output);
    case policy::Answer::wait: {
      wake_for(verdict, view, output);
      // Told once in the issue; spacing of seconds is not worth telling.
      const bool told = incident.refused && incident.refused->guard == verdict.guard;
      if ((verdict.guard == "stop" || verdict.guard == "maintenance") && !told) {
        record(incident.id,
               incident::PlanRefused{incident.plan->hash, verdict.guard, verdict.values, false},
               view, output);
      }
      return;
    }
    case policy::Answer::replan:
      return record(incident.id,
                    incident::PlanRefused{incident.plan->hash, verdict.guard, verdict.values, true},
                    view, output);
    case policy::Answer::refuse:
      return refuse(incident, verdict, view, output);
  }
}

void Fixer::refuse(const Incident& incident, const policy::Verdict& verdict, const role::View& view,
                   Output& output) {
  role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
  drafter.add(incident.id,
              incident::PlanRefused{incident.plan->hash, verdict.guard, verdict.values, false});
  drafter.add(incident.id,
              handed_back(incident, whose(incident),
                          "The guard " + verdict.guard + " refuses to act: " + verdict.values));
  output.units.push_back({drafter.take(), {}, {}});
}

// Nothing is sick where there was but a wish: nobody has to take over.
incident::Payload Fixer::handed_back(const Incident& incident, const std::string& to,
                                     const std::string& reason) {
  if (incident::is_wish(incident)) return incident::StoodDown{reason, "fixer"};
  return incident::Escalated{to, reason};
}

void Fixer::decide_approval(const Incident& incident, const role::View& view, Output& output) {
  if (!incident.asked || incident.action_asked) return;
  if (view.now.wall > incident.asked->expires) {
    return refuse(incident,
                  {policy::Answer::refuse,
                   "approval",
                   "nobody approved before " + base::format_utc(incident.asked->expires),
                   {}},
                  view, output);
  }
  output.wake_by(view.now.boot + std::chrono::seconds(1));
}

void Fixer::intend(const Incident& incident, const role::View& view, Output& output) {
  const auto& choice = incident.plan->menu.front();
  incident::ActionIntended intent;
  intent.op = base::make_ulid(view.now.wall, random_);
  intent.plan = incident.plan->hash;
  intent.epoch = lease_->epoch;
  intent.action = choice.action;
  intent.service = choice.service;
  intent.container = choice.container;
  intent.seen_started_at = choice.seen_started_at;
  intent.expires = policy::expiry_of(incident);
  intent.change = choice.change;
  intent.snapshot = choice.snapshot;
  intent.commit = choice.commit;
  role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
  drafter.add(incident.id, intent);
  // The Scribe makes the pull request; the warden comes in when it is merged.
  if (incident::is_pull(choice.action))
    output.units.push_back({drafter.take(), {}, {}});
  else
    output.units.push_back({drafter.take(), {}, {Perform{operation_of(intent, intent.expires)}}});
  opinions_.erase(incident.id);
  intent_this_step_ = true;
}

void Fixer::decide_action(const Incident& incident, const role::View& view, Output& output) {
  const Attempt& last = incident.attempts.back();
  switch (last.state) {
    case OperationState::done:
      if (!last.intent.undoes.empty())
        return record(incident.id, incident::Escalated{"person", taken_back(incident)}, view,
                      output);
      return record(incident.id,
                    incident::VerificationAsked{last.intent.op, incident.signal.service,
                                                view.now.wall, soak_of(incident)},
                    view, output);
    case OperationState::failed:
      if (is_change(last)) {  // Where a runbook follows, the incident is not in this state.
        return record(incident.id,
                      handed_back(incident, "person", "The action failed: " + last.error), view,
                      output);
      }
      return decide_failed_operation(incident, view, output);
    case OperationState::intent:
    case OperationState::unknown:
      if (is_change(last)) return decide_change(incident, view, output);
      return decide_open_operation(incident, view, output);
    case OperationState::held:
      return;
  }
}

// An operation without a known outcome: use the answer if there is one; without any, look at the
// world.
void Fixer::decide_open_operation(const Incident& incident, const role::View& view,
                                  Output& output) {
  const Attempt& last = incident.attempts.back();
  const auto& op = last.intent.op;
  if (view.busy("perform:" + op)) return;
  if (const auto result = results_.find(op); result != results_.end())
    return record_result(incident, result->second, view, output);
  if (auto outcome = proven(last, view.now))
    return record(incident.id, *std::move(outcome), view, output);
  if (view.now.wall - last.intended_at > kUnknownMax) {
    return record(
        incident.id,
        incident::Escalated{"person", "The outcome of the operation could not be seen for " +
                                          base::format_duration(kUnknownMax) + "."},
        view, output);
  }
  const auto look = looks_.find(op);
  if (look != looks_.end() && view.now.boot < look->second.last + kLookAgain)
    return output.wake_by(look->second.last + kLookAgain);
  output.ask(Observe{op, last.intent.container});
}

void Fixer::record_result(const Incident& incident, const base::Result<warden::Performed>& result,
                          const role::View& view, Output& output) {
  const Attempt& last = incident.attempts.back();
  const auto& op = last.intent.op;
  if (result) {
    role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
    drafter.add(incident.id, incident::ActionDone{op, result->started_at,
                                                  result->outcome == warden::Outcome::superseded,
                                                  result->container, result->snapshot});
    if (incident.escalation_asked_by.empty()) {
      drafter.add(incident.id, incident::VerificationAsked{op, incident.signal.service,
                                                           view.now.wall, soak_of(incident)});
    }
    output.units.push_back({drafter.take(), {}, {}});
    return;
  }
  const auto& error = result.error();
  if (error.code == base::ErrorCode::unknown || error.code == base::ErrorCode::timeout) {
    return record(incident.id, incident::ActionUnknown{op, error.message}, view, output);
  }
  record(
      incident.id,
      incident::ActionFailed{op, std::string(base::to_string(error.code)) + ": " + error.message},
      view, output);
}

std::optional<incident::Payload> Fixer::proven(const Attempt& attempt, base::Now now) const {
  const auto found = looks_.find(attempt.intent.op);
  if (found == looks_.end()) return std::nullopt;
  const Look& look = found->second;
  const auto failed = [&](const char* what) {
    return incident::ActionFailed{attempt.intent.op, what};
  };
  if (!look.member) {
    if (look.member.error().code == base::ErrorCode::not_found)
      return failed("not_found: observed: the container is gone");
    return std::nullopt;
  }
  const auto& container = look.member->container;
  if (container.state == engine::RunState::running) {
    if (container.started_at != attempt.intent.seen_started_at)
      return incident::ActionDone{attempt.intent.op, container.started_at, false};
    const auto* service = config::find_service(config_, attempt.intent.service);
    const auto settled = attempt.intended_at +
                         std::chrono::duration_cast<base::Millis>(
                             (service != nullptr ? service->grace : base::Duration(0)) + kInFlight);
    if (now.wall > settled)
      return failed("unavailable: observed: the container still runs its old life");
    return std::nullopt;
  }
  // A restart passes through "not running": only where that stands, nothing is under way.
  if (look.last - look.since >= kStands)
    return failed("unavailable: observed: the container does not run");
  return std::nullopt;
}

// Proven not applied. What a later try may cure is tried again, past all guards, while the plan is
// fresh.
void Fixer::decide_failed_operation(const Incident& incident, const role::View& view,
                                    Output& output) {
  const Attempt& last = incident.attempts.back();
  const auto give_up = [&](const std::string& why) {
    record(incident.id, incident::Escalated{"person", "The action failed: " + last.error + why},
           view, output);
  };
  if (!is_transient(last.error)) return give_up("");
  const auto tries =
      std::count_if(incident.attempts.begin(), incident.attempts.end(), [&](const auto& attempt) {
        return attempt.intent.plan == last.intent.plan && is_try(attempt);
      });
  if (tries >= kAttemptsMax) return give_up(" (tried " + std::to_string(tries) + " times)");
  const auto verdict = judge(incident, view, output);
  // A window may last for hours, and this is no plan that could be renewed.
  if (verdict.answer == policy::Answer::wait && verdict.guard != "maintenance") {
    wake_for(verdict, view, output);
    return;
  }
  if (verdict.answer != policy::Answer::allow)
    return give_up("; the guard " + verdict.guard + " refuses another try: " + verdict.values);
  const auto next =
      *last.ended_at +
      kRetryFirst * (1 << 2 * std::min<std::int64_t>(std::max<std::int64_t>(tries - 1, 0), 4));
  if (view.now.wall < next) return output.wake_by(view.now.boot + (next - view.now.wall));
  intend(incident, view, output);
}

void Fixer::record(incident::IncidentId id, incident::Payload what, const role::View& view,
                   Output& output) {
  role::Drafter drafter(book_, incident::Role::fixer, random_, view.now);
  output.units.push_back({drafter.add(id, std::move(what)).take(), {}, {}});
}

}  // namespace fixer
