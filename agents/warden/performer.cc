#include "agents/warden/performer.h"

#include <vector>

#include "base/failpoint.h"

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;

}  // namespace

Performer::Performer(const Roster& roster, engine::ContainerEngine& engine, StandingSource standing,
                     const base::Clock& clock, const base::Logger& log)
    : roster_(roster), engine_(engine), standing_(std::move(standing)), clock_(clock), log_(log) {}

Traffic Performer::enter(const engine::ContainerId& id) {
  const std::lock_guard lock(mutex_);
  const auto [found, entered] = taken_.try_emplace(id);
  if (entered) return Traffic::free;
  return found->second ? Traffic::unsettled : Traffic::in_flight;
}

void Performer::leave(const engine::ContainerId& id) {
  const std::lock_guard lock(mutex_);
  taken_.erase(id);
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
  std::string service;
  const auto decision = judge(operation, service);
  const auto* refusal = decision.ok() ? std::get_if<Refusal>(&decision.value()) : nullptr;
  if (!decision.ok() || refusal != nullptr) {
    leave(operation.container);
    return decision.ok() ? refusal->error() : decision.error();
  }
  const Step step = std::get<Step>(decision.value());
  const base::Status acted = step == Step::superseded ? base::Status() : act(operation, step);
  if (!acted.ok() && acted.error().code == ErrorCode::unknown) {
    // Stays taken: nobody else may touch it until it is clear what came of this.
    const std::lock_guard lock(mutex_);
    taken_[operation.container].emplace(operation.seen_started_at, operation.grace);
    return acted.error();
  }
  auto after = acted.ok() ? look_after(operation, step) : acted.error();
  leave(operation.container);
  return after;
}

base::Result<Decision> Performer::judge(const Operation& operation, std::string& service) {
  Situation situation;
  auto container = engine_.inspect(operation.container);
  if (!container) return container.error();
  if (auto found = roster_.service_of(*container)) {
    service = *found;
    situation.container = std::move(*container);
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
  if (step == Step::superseded) return Performed{Outcome::superseded, after.started_at};
  if (after.started_at == operation.seen_started_at) {
    return Error{ErrorCode::unknown, "accepted, but StartedAt is the same"};
  }
  return Performed{Outcome::done, after.started_at};
}

void Performer::settle() {
  std::vector<engine::ContainerId> unsettled;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, settling] : taken_) {
      if (settling) unsettled.push_back(id);
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
  Settling& settling = *taken_.at(id);  // Only settle() frees it, and it runs in one thread.
  if (container) return settling.observe(container.value(), clock_.now().boot);
  settling.lose();
  return false;
}

}  // namespace warden
