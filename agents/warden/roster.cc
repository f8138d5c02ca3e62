#include "agents/warden/roster.h"

#include <algorithm>

namespace warden {

Roster::Roster(std::vector<config::Service> services, std::vector<std::string> excluded)
    : excluded_(std::move(excluded)) {
  for (config::Service& service : services) {
    Selector selector{std::move(service.name), "", std::move(service.container), service.protect};
    if (const auto equals = selector.value.find('='); equals != std::string::npos) {
      selector.label = selector.value.substr(0, equals);
      selector.value.erase(0, equals + 1);
    }
    selectors_.push_back(std::move(selector));
  }
}

std::string_view lasting_name(std::string_view name) {
  for (const std::string_view suffix : {kNextSuffix, kPreviousSuffix}) {
    if (name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  }
  return name;
}

std::optional<std::string> Roster::replicated(const engine::Container& container) const {
  if (replica_index(container) == 0) return std::nullopt;
  const std::string& service = container.labels.at(std::string(kReplicaLabel));
  const bool known = std::ranges::any_of(
      selectors_, [&](const Selector& selector) { return selector.service == service; });
  return known ? std::optional(service) : std::nullopt;
}

std::optional<std::string> Roster::service_of(const engine::Container& container) const {
  if (replicated(container) || lasting_name(container.name) != container.name) return std::nullopt;
  for (const Selector& selector : selectors_) {
    if (selector.label.empty()) {
      if (container.name == selector.value) return selector.service;
      continue;
    }
    const auto found = container.labels.find(selector.label);
    if (found != container.labels.end() && found->second == selector.value) return selector.service;
  }
  return std::nullopt;
}

std::optional<std::string> Roster::service_named(std::string_view container_name) const {
  for (const Selector& selector : selectors_) {
    if (selector.label.empty() && selector.value == container_name) return selector.service;
  }
  return std::nullopt;
}

std::optional<std::string> Roster::replicated_named(std::string_view container_name) const {
  const auto service = replica_named(container_name);
  const bool known = std::ranges::any_of(
      selectors_, [&](const Selector& selector) { return selector.service == service; });
  return known ? std::optional<std::string>(service) : std::nullopt;
}

bool Roster::selects_by_label() const {
  return std::ranges::any_of(selectors_, [](const Selector& s) { return !s.label.empty(); });
}

bool Roster::is_excluded(const engine::Container& container) const {
  return std::ranges::find(excluded_, container.name) != excluded_.end();
}

bool Roster::is_protected(std::string_view service) const {
  return std::ranges::any_of(selectors_,
                             [&](const Selector& s) { return s.service == service && s.protect; });
}

Listing Roster::pick(const std::vector<engine::Container>& all) const {
  Listing out;
  for (const engine::Container& container : all) {
    if (auto service = service_of(container)) out.members.push_back({*service, container});
    if (auto service = replicated(container)) out.replicas.push_back({*service, container});
  }
  for (const Selector& selector : selectors_) {
    const bool found = std::ranges::any_of(
        out.members, [&](const Member& member) { return member.service == selector.service; });
    if (!found) out.missing.push_back(selector.service);
  }
  return out;
}

}  // namespace warden
