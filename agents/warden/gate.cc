#include "agents/warden/gate.h"

#include "base/names.h"

namespace warden {
namespace {

using base::ErrorCode;
using engine::RunState;

constexpr base::Duration kChangedWait = std::chrono::milliseconds(200);
constexpr base::Duration kUnchangedWait = std::chrono::seconds(10);

constexpr base::NameTable<Rule, 9> kRules{{{Rule::stop, "stop"},
                                           {Rule::expired, "expired"},
                                           {Rule::mode, "mode"},
                                           {Rule::epoch, "epoch"},
                                           {Rule::target, "target"},
                                           {Rule::excluded, "excluded"},
                                           {Rule::traffic, "traffic"},
                                           {Rule::moved, "moved"},
                                           {Rule::state, "state"}}};

Refusal refuse(Rule rule, std::string reason, ErrorCode code = ErrorCode::denied) {
  return {rule, code, std::move(reason)};
}

// The rules that need only what is written down.
std::optional<Refusal> refuse_by_standing(const Operation& operation, const Situation& situation) {
  if (!situation.standing) return refuse(Rule::stop, "the stop state cannot be read");
  const Standing& standing = *situation.standing;
  if (standing.stopped) return refuse(Rule::stop, "everything is stopped");
  if (situation.now > operation.expires) {
    return refuse(Rule::expired, "expired at " + base::format_utc(operation.expires));
  }
  if (standing.mode != config::Mode::automatic) {
    return refuse(Rule::mode, "mode is " + std::string(config::to_string(standing.mode)));
  }
  if (operation.epoch < standing.fixer_epoch) {
    return refuse(Rule::epoch, "epoch " + std::to_string(operation.epoch) + " is older than " +
                                   std::to_string(standing.fixer_epoch));
  }
  if (!situation.container) {
    return refuse(Rule::target, "not a configured container", ErrorCode::not_found);
  }
  if (standing.excluded) return refuse(Rule::excluded, "container is excluded");
  if (standing.protect) return refuse(Rule::excluded, "service is protected");
  return std::nullopt;
}

Decision decide_stopped(const Operation& operation, const engine::Container& container) {
  if (container.started_at == operation.seen_started_at) return Step::start;
  return refuse(Rule::moved, "it was started again and has ended since", ErrorCode::conflict);
}

Decision decide_by_state(const Operation& operation, const engine::Container& container) {
  switch (container.state) {
    case RunState::running:
      if (container.started_at != operation.seen_started_at) return Step::superseded;
      return operation.verb == Verb::start ? Step::superseded : Step::restart;
    case RunState::created:
    case RunState::exited:
      return decide_stopped(operation, container);
    case RunState::paused:
      return refuse(Rule::state, "a person has paused it");
    case RunState::restarting:
      return refuse(Rule::state, "the engine restarts it by its policy", ErrorCode::conflict);
    case RunState::removing:
    case RunState::dead:
      return refuse(Rule::state, "it is being removed", ErrorCode::conflict);
  }
  return refuse(Rule::state, "unknown state");
}

}  // namespace

std::string_view to_string(Rule rule) { return base::name_in(kRules, rule); }

base::Error Refusal::error() const {
  return {code, "rule " + std::string(to_string(rule)) + ": " + reason};
}

Decision decide(const Operation& operation, const Situation& situation) {
  if (auto refusal = refuse_by_standing(operation, situation)) return *refusal;
  if (situation.traffic == Traffic::in_flight) {
    return refuse(Rule::traffic, "another operation is in flight");
  }
  if (situation.traffic == Traffic::unsettled) {
    return refuse(Rule::traffic, "the outcome of another operation is still unknown");
  }
  return decide_by_state(operation, *situation.container);
}

Settling::Settling(std::string seen_started_at, base::Duration grace)
    : seen_started_at_(std::move(seen_started_at)), grace_(grace) {}

bool Settling::observe(const engine::Container& container, base::Instant now) {
  if (!first_ || *first_ != container) {
    first_ = container;
    first_at_ = now;
    return false;
  }
  const bool changed =
      container.state == RunState::running && container.started_at != seen_started_at_;
  return now - first_at_ >= (changed ? kChangedWait : grace_ + kUnchangedWait);
}

void Settling::lose() { first_.reset(); }

}  // namespace warden
