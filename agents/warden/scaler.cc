#include "agents/warden/scaler.h"

#include <chrono>

#include "agents/warden/passed.h"
#include "engine/snapshot_codec.h"
#include "warden/warden.h"

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;
using engine::ContainerId;

constexpr base::Duration kReadyWithin = std::chrono::seconds(10);
constexpr base::Duration kLookEvery = std::chrono::milliseconds(20);

bool is_gone(const base::Status& status) {
  return status.ok() || status.error().code == ErrorCode::not_found;
}

}  // namespace

base::Result<Scaler::Replicas> Scaler::replicas_of(const std::string& service) {
  const auto all = engine_.list();
  if (!all) return Error{ErrorCode::unavailable, all.error().message};
  Replicas out;
  for (const auto& container : *all) {
    const int index = replica_index(container);
    if (index > 0 && container.labels.at(std::string(kReplicaLabel)) == service) {
      out.emplace(index, container);
    }
  }
  return out;
}

base::Result<ContainerId> Scaler::make(const Order& order, int index) {
  const std::string name = replica_name(order.service, index);
  const auto made =
      engine_.create_from(order.snapshot, {.name = name,
                                           .image = {},
                                           .labels = {{std::string(kReplicaLabel), order.service}},
                                           .replica = true});
  if (made.ok() || made.error().code != ErrorCode::conflict) return made;
  // Made meanwhile, by an order that came late: it will do when it is ours.
  const auto there = engine_.inspect(name);
  if (there.ok() && replica_index(*there) == index) return there->id;
  return Error{ErrorCode::conflict, "make " + name + ": somebody else's container has that name"};
}

base::Result<std::set<int>> Scaler::indices(const std::string& service) {
  const auto there = replicas_of(service);
  if (!there) return there.error();
  std::set<int> out;
  for (const auto& [index, container] : *there) out.insert(index);
  return out;
}

base::Status Scaler::grow(const Order& order, const Replicas& there, bool& changed) {
  for (int index = 1; index <= order.count; ++index) {
    const auto found = there.find(index);
    ContainerId id;
    if (found != there.end()) {
      if (found->second.state == engine::RunState::running) continue;
      id = found->second.id;
    } else {
      auto fresh = make(order, index);
      if (!fresh) return fresh.error();
      id = *fresh;
    }
    changed = true;
    if (auto status = passed("warden.scale.made"); !status.ok()) return status;
    if (auto status = engine_.start(id); !status.ok()) return status;
    if (auto status = passed("warden.scale.started"); !status.ok()) return status;
  }
  return {};
}

base::Result<std::string> Scaler::ready_address(const ContainerId& id, int port,
                                                base::Duration patience) {
  const auto end = reach_.now() + patience;
  while (true) {
    const auto addresses = engine_.addresses(id);
    if (!addresses) return addresses.error();
    for (const auto& [network, address] : *addresses) {
      if (reach_.accepts(address, port)) return address + ":" + std::to_string(port);
    }
    if (reach_.now() > end) break;
    reach_.pause(kLookEvery);
  }
  return Error{ErrorCode::conflict, "container " + id.substr(0, 12) + " accepts nothing on port " +
                                        std::to_string(port)};
}

base::Status Scaler::show(const std::string& service, const std::vector<ContainerId>& shown) {
  const int port = front_ == nullptr ? 0 : front_->port_of(service);
  if (port == 0) return {};
  std::vector<std::string> addresses;
  for (const ContainerId& id : shown) {
    auto address = ready_address(id, port, kReadyWithin);
    if (!address) return address.error();
    addresses.push_back(std::move(*address));
  }
  return front_->set(service, addresses);
}

base::Status Scaler::shrink(const Order& order, const Replicas& there) {
  if (front_ != nullptr && front_->port_of(order.service) != 0) {
    reach_.pause(front_->drain());
  }
  for (auto replica = there.rbegin(); replica != there.rend(); ++replica) {
    if (replica->first <= order.count) break;
    const ContainerId& id = replica->second.id;
    if (auto status = engine_.stop(id, order.grace); !is_gone(status)) return status;
    if (auto status = passed("warden.scale.stopped"); !status.ok()) return status;
    if (auto status = engine_.remove(id); !is_gone(status)) return status;
    if (auto status = passed("warden.scale.removed"); !status.ok()) return status;
  }
  return {};
}

// Also what an earlier try of the same order has made.
Error Scaler::undo(const Order& order, const Error& why) {
  if (why.code == ErrorCode::unknown) return why;
  const auto there = replicas_of(order.service);
  if (!there) return {ErrorCode::unknown, why.message + "; not undone: " + there.error().message};
  bool changed = false;
  for (auto replica = there->rbegin(); replica != there->rend(); ++replica) {
    if (order.before.contains(replica->first)) continue;
    const ContainerId& id = replica->second.id;
    const auto stopped = engine_.stop(id, base::Duration(0));
    const auto removed = is_gone(stopped) ? engine_.remove(id) : stopped;
    if (!is_gone(removed))
      return {ErrorCode::unknown, why.message + "; not undone: " + removed.error().message};
    changed = true;
  }
  log_.warn("service not scaled", {{"service", order.service}, {"reason", why.message}});
  return {changed ? ErrorCode::conflict : why.code, why.message};
}

base::Result<bool> Scaler::scale(const Order& order) {
  const auto facts = engine::read_snapshot(order.snapshot);
  if (!facts) return facts.error();
  if (!facts->has_network && order.count > 0) {
    return Error{ErrorCode::denied, "rule state: it has no network of its own to be copied"};
  }
  const auto there = replicas_of(order.service);
  if (!there) return there.error();
  bool changed = false;
  if (auto grown = grow(order, *there, changed); !grown.ok()) return undo(order, grown.error());
  const auto after = replicas_of(order.service);
  if (!after) return undo(order, after.error());
  std::vector<ContainerId> shown = {order.own};
  for (const auto& [index, container] : *after) {
    if (index <= order.count) shown.push_back(container.id);
  }
  if (auto status = show(order.service, shown); !status.ok()) {
    return undo(order, status.error());
  }
  const bool shrinks = !after->empty() && after->rbegin()->first > order.count;
  if (!shrinks) return changed;
  if (auto shrunk = shrink(order, *after); !shrunk.ok()) {
    return Error{ErrorCode::unknown, shrunk.error().message};
  }
  return true;
}

base::Status Scaler::refresh(const std::string& service, const ContainerId& own,
                             base::Duration patience) {
  const int port = front_ == nullptr ? 0 : front_->port_of(service);
  if (port == 0) return {};
  const auto there = replicas_of(service);
  if (!there) return there.error();
  std::vector<std::string> addresses;
  if (auto address = ready_address(own, port, patience)) addresses.push_back(std::move(*address));
  for (const auto& [index, container] : *there) {
    if (container.state != engine::RunState::running) continue;
    if (auto address = ready_address(container.id, port, base::Duration(0))) {
      addresses.push_back(std::move(*address));
    }
  }
  return addresses.empty() ? base::Status() : front_->set(service, addresses);
}

}  // namespace warden
