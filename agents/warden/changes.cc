#include "agents/warden/changes.h"

#include <algorithm>
#include <charconv>

#include "agents/warden/passed.h"
#include "base/hash.h"
#include "base/text.h"
#include "engine/snapshot_codec.h"

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;
using engine::Container;
using engine::ContainerId;

constexpr base::Duration kOwnReadyWithin = std::chrono::seconds(10);
constexpr std::size_t kSnapshotsMax = 2000;
constexpr std::size_t kBegunMax = 2000;
constexpr std::size_t kEndedMax = 2000;
constexpr std::size_t kClearedMax = 2000;
constexpr std::size_t kScaledMax = 1000;  // Twice as many as there may be services.

std::int64_t parse_number(std::string_view text) {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace

Changes::Changes(ChangeOptions options, engine::ContainerEngine& engine, const base::Clock& clock,
                 const base::Logger& log)
    : options_(std::move(options)),
      engine_(engine),
      clock_(clock),
      log_(log),
      snapshots_(options_.folder + "/snapshots", kSnapshotsMax),
      begun_(options_.folder + "/begun", kBegunMax),
      ended_(options_.folder + "/replaced", kEndedMax),
      scaled_(options_.folder + "/scaled", kScaledMax),
      cleared_(options_.folder + "/cleared", kClearedMax),
      replacer_(engine, log),
      scaler_(engine, options_.front, options_.reach != nullptr ? *options_.reach : sockets_, log) {
}

base::Result<Container> Changes::target(const Operation& operation) {
  auto container = engine_.inspect(operation.container);
  // Renamed by us: it is the same container of the same service still.
  if (container.ok()) container->name = std::string(lasting_name(container->name));
  return container;
}

std::optional<base::Result<Performed>> Changes::finished(const Operation& operation) {
  const auto made = ended_.get(operation.op);
  if (!made) return std::nullopt;
  const auto parts = base::split(*made, ' ');
  if (parts.size() != 2 || parts[0] != operation.container) return std::nullopt;
  auto out = performed(std::string(parts[1]), Outcome::superseded);
  if (const auto before = begun_.get(operation.op); before && out.ok()) out->snapshot = *before;
  return out;
}

void Changes::describe(const Operation& operation, const std::string& service,
                       Situation& situation) {
  const auto bounds = options_.bounds.find(service);
  if (bounds != options_.bounds.end()) situation.bounds = bounds->second;
  situation.scale_cooldown = options_.scale_cooldown;
  situation.has_queue = options_.call_queue && options_.queues.contains(service);
  if (operation.verb == Verb::recreate) {
    const auto text = snapshots_.get(operation.snapshot);
    // Whoever can write there could have written anything.
    if (text.ok() && base::sha256_hex(*text) == operation.snapshot) {
      if (auto facts = engine::read_snapshot(*text)) situation.snapshot_of = facts->name;
    }
  }
  if (operation.verb != Verb::scale) return;
  const auto last = scaled_.get(service);
  if (!last) return;
  const auto parts = base::split(*last, ' ');
  // The same order once more finishes what it began.
  if (parts.size() != 2 || parts[0] == operation.op) return;
  // A clock that was set back must not make the cooldown eternal.
  const auto passed = situation.now - base::wall_from_ms(parse_number(parts[1]));
  if (passed >= base::Duration(0)) situation.since_scaled = passed;
}

bool Changes::enter(const std::string& service) {
  const std::lock_guard lock(mutex_);
  return busy_.insert(service).second;
}

void Changes::leave(const std::string& service) {
  const std::lock_guard lock(mutex_);
  busy_.erase(service);
}

bool Changes::is_busy(const std::string& service) {
  const std::lock_guard lock(mutex_);
  return busy_.contains(service);
}

void Changes::refresh(const std::string& service, const ContainerId& own) {
  if (options_.front == nullptr || options_.front->port_of(service) == 0) return;
  if (!enter(service)) return;
  const auto shown = scaler_.refresh(service, own, base::Duration(0));
  leave(service);
  if (!shown.ok()) {
    log_.warn("the balancer is not up to date",
              {{"service", service}, {"reason", shown.error().message}});
  }
}

base::Result<std::string> Changes::keep(const Container& container) {
  auto text = engine_.snapshot(container.id);
  if (!text) return text.error();
  const auto facts = engine::read_snapshot(*text);
  if (!facts) return facts.error();
  if (facts->name != container.name) {
    text = engine::with_overrides(*text, {.name = container.name, .image = {}});
    if (!text) return text.error();
  }
  const std::string hash = base::sha256_hex(*text);
  if (auto kept = snapshots_.put(hash, *text); !kept.ok()) return kept.error();
  return hash;
}

// Whoever is asked again after the effect finds the container changed already.
base::Result<std::string> Changes::keep_first(const Operation& operation,
                                              const Container& container) {
  if (auto begun = begun_.get(operation.op)) return begun;
  auto hash = keep(container);
  if (!hash) return hash;
  if (auto noted = begun_.put(operation.op, *hash); !noted.ok()) return noted.error();
  return hash;
}

base::Result<std::set<int>> Changes::count_first(const Operation& operation,
                                                 const std::string& service) {
  const std::string name = operation.op + ".replicas";
  if (const auto begun = begun_.get(name)) {
    std::set<int> out;
    for (const auto word : base::split(*begun, ' ')) {
      if (const auto index = static_cast<int>(parse_number(word)); index > 0) out.insert(index);
    }
    return out;
  }
  auto there = scaler_.indices(service);
  if (!there) return there;
  std::string text = "there:";
  for (const int index : *there) text += " " + std::to_string(index);
  if (auto noted = begun_.put(name, text); !noted.ok()) return noted.error();
  return there;
}

base::Result<Performed> Changes::performed(const ContainerId& id, Outcome outcome) {
  const auto container = engine_.inspect(id);
  if (!container) {
    return Error{ErrorCode::unknown, "done, not seen since: " + container.error().message};
  }
  return Performed{outcome, container->started_at, id, ""};
}

base::Result<Performed> Changes::perform(const Operation& operation, Step step,
                                         const std::string& service, const Container& container) {
  const auto before = keep_first(operation, container);
  if (!before) {
    const auto code = before.error().code;
    if (code == ErrorCode::not_found) return before.error();
    return Error{ErrorCode::unavailable, "nothing done: " + before.error().message};
  }
  auto out = step == Step::recreate     ? recreate(operation, service, container)
             : step == Step::set_limits ? set_limits(operation, service, container, *before)
             : step == Step::scale      ? scale(operation, service, container, *before)
                                        : clear_queue(operation, service, container);
  if (out.ok()) out->snapshot = *before;
  return out;
}

base::Result<Performed> Changes::replace(const Operation& operation, const std::string& service,
                                         const Replacer::Order& order) {
  const auto now = engine_.snapshot(operation.container);
  if (!now) return now.error();
  const auto facts = engine::read_snapshot(*now), wanted = engine::read_snapshot(order.snapshot);
  if (!facts) return facts.error();
  if (!wanted) return wanted.error();
  if (facts->auto_remove || wanted->auto_remove) {
    return Error{ErrorCode::denied,
                 "rule state: made with --rm, the engine removes it as soon as it stops"};
  }
  const auto made = replacer_.replace(order, [&](const ContainerId& id) {
    return ended_.put(operation.op, operation.container + " " + id);
  });
  if (!made) return made.error();
  if (auto shown = scaler_.refresh(service, *made, kOwnReadyWithin); !shown.ok()) {
    // The container is the one that was asked for; that nobody is sent to it yet is told.
    log_.warn("the balancer does not know the new container",
              {{"service", service}, {"reason", shown.error().message}});
  }
  return performed(*made, Outcome::done);
}

base::Result<Performed> Changes::recreate(const Operation& operation, const std::string& service,
                                          const Container& container) {
  auto wanted = snapshots_.get(operation.snapshot);
  if (!wanted) return wanted.error();
  return replace(operation, service,
                 {.name = container.name,
                  .old = container.id,
                  .snapshot = std::move(*wanted),
                  .grace = operation.grace});
}

base::Result<Performed> Changes::set_limits(const Operation& operation, const std::string& service,
                                            const Container& container, const std::string& before) {
  engine::ResourceLimits limits;
  if (operation.memory_bytes != 0) limits.memory_bytes = operation.memory_bytes;
  if (operation.cpu != 0) limits.cpu = operation.cpu;
  if (limits.memory_bytes.value_or(container.memory_limit_bytes) == container.memory_limit_bytes &&
      limits.cpu.value_or(container.cpu_limit) == container.cpu_limit) {
    return Performed{Outcome::superseded, container.started_at, container.id, ""};
  }
  const auto updated = engine_.update_limits(container.id, limits);
  if (updated.ok()) return performed(container.id, Outcome::done);
  if (updated.error().code != ErrorCode::conflict) return updated.error();
  log_.info("limits cannot be set in place", {{"reason", updated.error().message}});
  auto snapshot = snapshots_.get(before);
  if (!snapshot) return snapshot.error();
  return replace(operation, service,
                 {.name = container.name,
                  .old = container.id,
                  .snapshot = std::move(*snapshot),
                  .limits = limits,
                  .grace = operation.grace});
}

base::Result<Performed> Changes::scale(const Operation& operation, const std::string& service,
                                       const Container& container, const std::string& before) {
  auto snapshot = snapshots_.get(before);
  if (!snapshot) return snapshot.error();
  auto there = count_first(operation, service);
  if (!there) return there.error();
  // Before the first effect, so that the cooldown outlives us.
  const auto noted =
      scaled_.put(service, operation.op + " " + std::to_string(base::to_ms(clock_.now().wall)));
  if (!noted.ok()) return noted.error();
  const auto changed = scaler_.scale({.service = service,
                                      .own = container.id,
                                      .snapshot = std::move(*snapshot),
                                      .before = std::move(*there),
                                      .count = operation.count,
                                      .grace = operation.grace});
  if (!changed) return changed.error();
  return performed(container.id, *changed ? Outcome::done : Outcome::superseded);
}

// Whatever killed us in between: what was begun is not begun again.
base::Result<Performed> Changes::clear_queue(const Operation& operation, const std::string& service,
                                             const Container& container) {
  if (cleared_.get(operation.op).ok())
    return Error{ErrorCode::unknown, "the queue may have been cleared, and is not cleared twice"};
  if (auto noted = cleared_.put(operation.op, service); !noted.ok()) {
    return Error{ErrorCode::unavailable, "nothing done: " + noted.error().message};
  }
  if (auto status = passed("warden.queue.noted"); !status.ok()) return status.error();
  if (auto called = options_.call_queue(options_.queues.at(service)); !called.ok())
    return called.error().in("clear the queue of " + service);
  return performed(container.id, Outcome::done);
}

}  // namespace warden
