#include "agents/warden/gate.h"

#include "base/names.h"

namespace warden {
namespace {

using base::ErrorCode;
using engine::RunState;

constexpr base::Duration kChangedWait = std::chrono::milliseconds(200);
constexpr base::Duration kUnchangedWait = std::chrono::seconds(10);

constexpr base::NameTable<Rule, 12> kRules{{{Rule::stop, "stop"},
                                            {Rule::expired, "expired"},
                                            {Rule::mode, "mode"},
                                            {Rule::epoch, "epoch"},
                                            {Rule::target, "target"},
                                            {Rule::excluded, "excluded"},
                                            {Rule::traffic, "traffic"},
                                            {Rule::moved, "moved"},
                                            {Rule::state, "state"},
                                            {Rule::bounds, "bounds"},
                                            {Rule::snapshot, "snapshot"},
                                            {Rule::cooldown, "cooldown"}}};

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

Decision decide_limits(const Operation& operation, const config::Bounds& bounds) {
  const auto between = [](auto value, auto least, auto most) {
    return value == 0 || (most > 0 && value >= least && value <= most);
  };
  if (!between(operation.memory_bytes, bounds.memory_min_bytes, bounds.memory_max_bytes)) {
    return refuse(Rule::bounds, "memory of " + std::to_string(operation.memory_bytes) +
                                    " bytes is not within " +
                                    std::to_string(bounds.memory_min_bytes) + " to " +
                                    std::to_string(bounds.memory_max_bytes));
  }
  if (!between(operation.cpu, bounds.cpu_min, bounds.cpu_max)) {
    return refuse(Rule::bounds, std::to_string(operation.cpu) + " cores are not within " +
                                    std::to_string(bounds.cpu_min) + " to " +
                                    std::to_string(bounds.cpu_max));
  }
  return Step::set_limits;
}

Decision decide_recreation(const Situation& situation) {
  if (!situation.snapshot_of) return refuse(Rule::snapshot, "no such snapshot is kept here");
  if (*situation.snapshot_of == situation.container->name) return Step::recreate;
  return refuse(Rule::snapshot, "it is of " + *situation.snapshot_of);
}

Decision decide_scale(const Operation& operation, const Situation& situation) {
  if (operation.count < 0 || operation.count > kReplicasMax) {
    return refuse(Rule::bounds, "at most " + std::to_string(kReplicasMax) + " replicas");
  }
  if (operation.count > 0 && situation.container->state != RunState::running) {
    return refuse(Rule::state, "the service's own container does not run", ErrorCode::conflict);
  }
  if (situation.since_scaled && *situation.since_scaled < situation.scale_cooldown) {
    return refuse(Rule::cooldown, "scaled " + base::format_duration(*situation.since_scaled) +
                                      " ago, the cooldown is " +
                                      base::format_duration(situation.scale_cooldown));
  }
  return Step::scale;
}

Decision decide_queue(const Situation& situation) {
  if (!situation.has_queue) return refuse(Rule::bounds, "no clear_queue is configured");
  if (situation.container->state != RunState::running) {
    return refuse(Rule::state, "the service's own container does not run", ErrorCode::conflict);
  }
  return Step::clear_queue;
}

Decision decide_change(const Operation& operation, const Situation& situation) {
  const RunState state = situation.container->state;
  if (state == RunState::paused) return refuse(Rule::state, "a person has paused it");
  if (state == RunState::removing || state == RunState::dead) {
    return refuse(Rule::state, "it is being removed", ErrorCode::conflict);
  }
  if (operation.verb == Verb::recreate) return decide_recreation(situation);
  if (operation.verb == Verb::set_limits) return decide_limits(operation, situation.bounds);
  if (operation.verb == Verb::clear_queue) return decide_queue(situation);
  return decide_scale(operation, situation);
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
  if (operation.verb == Verb::restart || operation.verb == Verb::start) {
    return decide_by_state(operation, *situation.container);
  }
  return decide_change(operation, situation);
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
