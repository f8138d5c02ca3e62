#include "agents/warden/performer.h"

#include <vector>

#include "base/failpoint.h"

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;

}  // namespace

Performer::Performer(const Roster& roster, engine::ContainerEngine& engine, StandingSource standing,
                     const base::Clock& clock, const base::Logger& log, Changes* changes)
    : roster_(roster),
      engine_(engine),
      standing_(std::move(standing)),
      clock_(clock),
      log_(log),
      changes_(changes) {}

Traffic Performer::enter(const engine::ContainerId& id) {
  const std::lock_guard lock(mutex_);
  const auto [found, entered] = taken_.try_emplace(id);
  if (entered) return Traffic::free;
  return found->second.settling ? Traffic::unsettled : Traffic::in_flight;
}

void Performer::leave(const engine::ContainerId& id) {
  std::string changing;
  {
    const std::lock_guard lock(mutex_);
    const auto found = taken_.find(id);
    if (found == taken_.end()) return;
    changing = found->second.changing;
    taken_.erase(found);
  }
  if (!changing.empty()) changes_->leave(changing);
}

// Stays taken: nobody else may touch it until it is clear what came of this.
void Performer::hold(const Operation& operation, const std::string& service) {
  const std::lock_guard lock(mutex_);
  taken_[operation.container] = {Settling(operation.seen_started_at, operation.grace), service};
}

base::Result<Performed> Performer::perform(const Operation& operation) {
  const Traffic traffic = enter(operation.container);
  if (traffic != Traffic::free) {
    const bool unsettled = traffic == Traffic::unsettled;
    const Refusal refusal{Rule::traffic, ErrorCode::denied,
                          unsettled ? "the outcome of another operation is still unknown"
                                    : "another operation is in flight"};
    log_.warn("operation refused", {{"op", operation.op}, {"reason", refusal.error().message}});
    return refusal.error();
  }
  auto performed = perform_entered(operation);
  if (performed.ok()) {
    log_.info("operation performed", {{"op", operation.op},
                                      {"container", operation.container.substr(0, 12)},
                                      {"outcome", to_string(performed->outcome)}});
  } else {
    log_.warn("operation not performed", {{"op", operation.op},
                                          {"container", operation.container.substr(0, 12)},
                                          {"code", base::to_string(performed.error().code)},
                                          {"reason", performed.error().message}});
  }
  return performed;
}

base::Result<Performed> Performer::perform_entered(const Operation& operation) {
  Target target;
  const auto decision = judge(operation, target);
  const auto* refusal = decision.ok() ? std::get_if<Refusal>(&decision.value()) : nullptr;
  if (!decision.ok() || refusal != nullptr) {
    leave(operation.container);
    const bool gone = !decision.ok() && decision.error().code == ErrorCode::not_found;
    // It may be gone because this very operation has replaced it.
    if (gone && changes_ != nullptr) {
      if (auto finished = changes_->finished(operation)) return *finished;
    }
    return decision.ok() ? refusal->error() : decision.error();
  }
  switch (const Step step = std::get<Step>(decision.value())) {
    case Step::start:
    case Step::restart:
    case Step::superseded:
      return restart(operation, step, target);
    case Step::recreate:
    case Step::set_limits:
    case Step::scale:
    case Step::clear_queue:
      return change(operation, step, target);
  }
  return Error{ErrorCode::invalid, "unknown step"};
}

base::Result<Performed> Performer::restart(const Operation& operation, Step step,
                                           const Target& target) {
  const base::Status acted = step == Step::superseded ? base::Status() : act(operation, step);
  if (!acted.ok() && acted.error().code == ErrorCode::unknown) {
    hold(operation, "");
    return acted.error();
  }
  auto after = acted.ok() ? look_after(operation, step) : acted.error();
  // Kept after the effect, for healing does not wait for a disk, and a restart does not change how
  // the container is made.
  if (after.ok() && step != Step::superseded && changes_ != nullptr) {
    if (auto kept = changes_->keep(target.container)) {
      after->snapshot = std::move(*kept);
    } else {
      log_.warn("no snapshot kept", {{"op", operation.op}, {"reason", kept.error().message}});
    }
  }
  leave(operation.container);
  return after;
}

base::Result<Performed> Performer::change(const Operation& operation, Step step,
                                          const Target& target) {
  if (!changes_->enter(target.service)) {
    leave(operation.container);
    return Refusal{Rule::traffic, ErrorCode::denied, "another change of the service is in flight"}
        .error();
  }
  {
    const std::lock_guard lock(mutex_);
    taken_[operation.container].changing = target.service;
  }
  auto performed = changes_->perform(operation, step, target.service, target.container);
  if (!performed.ok() && performed.error().code == ErrorCode::unknown) {
    hold(operation, target.service);
  } else {
    leave(operation.container);
  }
  return performed;
}

base::Result<Decision> Performer::judge(const Operation& operation, Target& target) {
  const bool changes = operation.verb != Verb::restart && operation.verb != Verb::start;
  if (changes && changes_ == nullptr) {
    return Decision(Refusal{Rule::target, ErrorCode::denied, "this warden only starts containers"});
  }
  Situation situation;
  situation.now = clock_.now().wall;
  auto container = changes ? changes_->target(operation) : engine_.inspect(operation.container);
  if (!container) return container.error();
  if (auto found = roster_.service_of(*container)) {
    target = {*found, *container};
    situation.container = std::move(*container);
  }
  const std::string& service = target.service;
  if (!service.empty() && changes_ != nullptr) changes_->describe(operation, service, situation);
  // A change of the service takes its container along; a restart must not come between.
  if (!changes && changes_ != nullptr && changes_->is_busy(service)) {
    situation.traffic = Traffic::in_flight;
  }
  // As late as possible: a stop counts from the moment it is written.
  if (auto standing = standing_(service); standing.ok()) {
    situation.standing = *standing;
    situation.standing->protect |= roster_.is_protected(service);
    situation.standing->excluded |=
        situation.container && roster_.is_excluded(*situation.container);
  }
  situation.now = clock_.now().wall;
  return decide(operation, situation);
}

base::Status Performer::act(const Operation& operation, Step step) {
  if (base::failpoint("warden.effect.before")) {
    return Error{ErrorCode::unavailable, "failpoint before the engine call"};
  }
  auto acted = step == Step::start ? engine_.start(operation.container)
                                   : engine_.restart(operation.container, operation.grace);
  if (base::failpoint("warden.effect.after")) {
    return Error{ErrorCode::unknown, "failpoint after the engine call"};
  }
  return acted;
}

base::Result<Performed> Performer::look_after(const Operation& operation, Step step) {
  const auto container = engine_.inspect(operation.container);
  if (!container) {
    return Error{ErrorCode::unknown, "accepted, not seen since: " + container.error().message};
  }
  const auto& after = container.value();
  if (step == Step::superseded) return Performed{Outcome::superseded, after.started_at, after.id};
  if (after.started_at == operation.seen_started_at) {
    return Error{ErrorCode::unknown, "accepted, but StartedAt is the same"};
  }
  return Performed{Outcome::done, after.started_at, after.id};
}

base::Result<std::string> Performer::keep(const engine::Container& container) {
  if (changes_ == nullptr) return Error{ErrorCode::not_found, "this warden keeps no snapshots"};
  return changes_->keep(container);
}

void Performer::settle() {
  std::vector<engine::ContainerId> unsettled;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, taken] : taken_) {
      if (taken.settling) unsettled.push_back(id);
    }
  }
  for (const auto& id : unsettled) {
    if (!has_settled(id)) continue;
    leave(id);
    log_.info("container settled", {{"container", id.substr(0, 12)}});
  }
}

bool Performer::has_settled(const engine::ContainerId& id) {
  const auto container = engine_.inspect(id);
  if (!container && container.error().code == ErrorCode::not_found) return true;
  const std::lock_guard lock(mutex_);
  Settling& settling =
      *taken_.at(id).settling;  // Only settle() frees it, and it runs in one thread.
  if (container) return settling.observe(container.value(), clock_.now().boot);
  settling.lose();
  return false;
}

}  // namespace warden
