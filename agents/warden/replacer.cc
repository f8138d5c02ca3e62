#include "agents/warden/replacer.h"

#include "agents/warden/passed.h"
#include "agents/warden/roster.h"
#include "engine/snapshot_codec.h"

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;
using engine::Container;
using engine::ContainerId;

std::string next_of(const std::string& name) { return name + std::string(kNextSuffix); }
std::string previous_of(const std::string& name) { return name + std::string(kPreviousSuffix); }

bool holds(const std::optional<Container>& place, const ContainerId& id) {
  return place && place->id == id;
}

}  // namespace

base::Result<Replacer::Place> Replacer::look(const std::string& name) {
  Place out;
  for (const auto& [spot, text] : {std::pair{&out.current, name},
                                   {&out.next, next_of(name)},
                                   {&out.previous, previous_of(name)}}) {
    auto found = engine_.inspect(text);
    if (found.ok()) {
      *spot = std::move(*found);
    } else if (found.error().code != ErrorCode::not_found) {
      return Error{ErrorCode::unavailable, found.error().message};
    }
  }
  return out;
}

base::Status Replacer::is_equal(const Order& order, const ContainerId& made) {
  const auto text = engine_.snapshot(made);
  if (!text) return text.error();
  const auto wanted = engine::with_overrides(
      order.snapshot, {.name = order.name, .image = {}, .limits = order.limits});
  if (!wanted) return wanted.error();
  const auto is = engine::read_snapshot(*text), should = engine::read_snapshot(*wanted);
  if (!is) return is.error();
  if (!should) return should.error();
  const bool other_limits = order.limits != engine::ResourceLimits{};
  // What swap goes with a limit is the engine's choice.
  const bool equal = other_limits ? is->hash_without_limits == should->hash_without_limits &&
                                        is->memory_limit_bytes == should->memory_limit_bytes &&
                                        is->cpu_limit == should->cpu_limit
                                  : is->creation_hash == should->creation_hash;
  if (equal) return {};
  return Error{ErrorCode::conflict, "the engine makes another container of this snapshot"};
}

base::Status Replacer::clear(const std::optional<Container>& leftover, base::Duration grace) {
  if (!leftover) return {};
  if (auto stopped = engine_.stop(leftover->id, grace); !stopped.ok()) return stopped;
  return engine_.remove(leftover->id);
}

base::Result<ContainerId> Replacer::make(const Order& order, const Place& place) {
  for (const auto* leftover : {&place.next, &place.previous}) {
    if (auto cleared = clear(*leftover, order.grace); !cleared.ok()) return cleared.error();
  }
  const auto made = engine_.create_from(
      order.snapshot, {.name = next_of(order.name), .image = {}, .limits = order.limits});
  if (!made) return made.error();
  if (auto on = passed("warden.recreate.made"); !on.ok()) return on.error();
  if (auto equal = is_equal(order, *made); !equal.ok()) {
    (void)engine_.remove(*made);  // Never started; another attempt removes it as well.
    return equal.error();
  }
  return made;
}

base::Status Replacer::swap(const Order& order, const ContainerId& made) {
  if (auto status = engine_.stop(order.old, order.grace); !status.ok()) return status;
  if (auto status = passed("warden.recreate.stopped"); !status.ok()) return status;
  const auto place = look(order.name);
  if (!place) return place.error();
  if (holds(place->current, order.old)) {
    if (auto status = engine_.rename(order.old, previous_of(order.name)); !status.ok())
      return status;
  }
  if (auto status = passed("warden.recreate.moved_away"); !status.ok()) return status;
  if (!holds(place->current, made)) {
    if (auto status = engine_.rename(made, order.name); !status.ok()) return status;
  }
  if (auto status = passed("warden.recreate.moved_in"); !status.ok()) return status;
  if (auto status = engine_.start(made); !status.ok()) return status;
  return passed("warden.recreate.started");
}

// What could not be finished is undone, so that the service has a container again.
Error Replacer::put_back(const Order& order, const ContainerId& made, const Error& why) {
  const auto undo = [&]() -> base::Status {
    if (auto status = engine_.stop(made, base::Duration(0)); !status.ok()) return status;
    const auto place = look(order.name);
    if (!place) return place.error();
    if (holds(place->current, made)) {
      if (auto status = engine_.rename(made, next_of(order.name)); !status.ok()) return status;
    }
    if (holds(place->previous, order.old)) {
      if (auto status = engine_.rename(order.old, order.name); !status.ok()) return status;
    }
    if (auto status = engine_.start(order.old); !status.ok()) return status;
    return engine_.remove(made);
  };
  const auto undone = undo();
  log_.warn("container not replaced", {{"container", order.name},
                                       {"reason", why.message},
                                       {"undone", undone.ok() ? "yes" : undone.error().message}});
  if (undone.ok()) return {ErrorCode::conflict, why.message + "; the old container runs again"};
  return {ErrorCode::unknown,
          why.message + "; the old container could not be put back: " + undone.error().message};
}

base::Result<ContainerId> Replacer::finish(const Order& order, const ContainerId& made,
                                           const Note& note) {
  if (auto noted = note(made); !noted.ok()) return Error{ErrorCode::unknown, noted.error().message};
  if (auto on = passed("warden.recreate.noted"); !on.ok()) return on.error();
  const auto removed = engine_.remove(order.old);
  if (!removed.ok() && removed.error().code != ErrorCode::not_found) {
    return Error{ErrorCode::unknown, removed.error().message};
  }
  if (auto on = passed("warden.recreate.removed"); !on.ok()) return on.error();
  return made;
}

base::Result<ContainerId> Replacer::replace(const Order& order, const Note& note) {
  const auto place = look(order.name);
  if (!place) return place.error();
  ContainerId made;
  if (holds(place->current, order.old)) {
    auto fresh = make(order, *place);
    if (!fresh) return fresh.error();
    made = *fresh;
  } else if (!holds(place->previous, order.old)) {
    return Error{ErrorCode::conflict, "replace " + order.name + ": it is another container now"};
  } else if (place->current || place->next) {
    // Taken up again behind the renaming.
    made = place->current ? place->current->id : place->next->id;
    if (auto equal = is_equal(order, made); !equal.ok()) return equal.error();
  } else {
    // Somebody removed the new one: from the beginning.
    if (auto status = engine_.rename(order.old, order.name); !status.ok()) return status.error();
    return replace(order, note);
  }
  const auto swapped = swap(order, made);
  if (!swapped.ok() && swapped.error().code == ErrorCode::unknown) return swapped.error();
  if (!swapped.ok()) return put_back(order, made, swapped.error());
  return finish(order, made, note);
}

}  // namespace warden
