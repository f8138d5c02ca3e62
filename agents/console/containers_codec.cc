#include "agents/console/containers_codec.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace console {
namespace {

using nlohmann::json;

json container(const warden::Member& member, bool is_replica) {
  const auto& c = member.container;
  return {{"id", c.id},
          {"name", base::clean_text(c.name)},
          {"service", member.service},
          {"replica_of", is_replica ? json(member.service) : json(nullptr)},
          {"image", base::clean_text(c.image)},
          {"state", engine::to_string(c.state)},
          {"health", engine::to_string(c.health)},
          {"started_at", c.started_at},
          {"restart_count", c.restart_count},
          {"memory_limit_bytes", c.memory_limit_bytes},
          {"cpu_limit", c.cpu_limit}};
}

bool is_balanced(const Layout& layout, const std::string& service) {
  return std::ranges::find(layout.balanced, service) != layout.balanced.end();
}

// Without a supervisor their states are not known, but that they belong here is.
std::vector<RoleState> agents_of(const Layout& layout) {
  if (!layout.roles.empty()) return layout.roles;
  std::vector<RoleState> roles;
  for (const char* name : {"warden", "scout", "brain", "fixer", "memory", "scribe", "console"})
    roles.push_back({name, "unknown"});
  return roles;
}

const char* type_of(const std::string& role) {
  constexpr std::array kAgents{"warden", "scout", "brain", "fixer", "memory", "scribe"};
  if (role == "console") return "dashboard";
  return std::ranges::find(kAgents, role) == kAgents.end() ? "unknown" : "agent";
}

class Graph {
 public:
  void node(const std::string& id, const char* type, const std::string& label,
            std::string_view state) {
    ids_.insert(id);
    nodes_.push_back(
        {{"id", id}, {"type", type}, {"label", base::clean_text(label)}, {"state", state}});
  }
  void edge(const std::string& from, const std::string& to) { edges_.emplace_back(from, to); }
  [[nodiscard]] std::string text() const {
    json edges = json::array();
    for (const auto& [from, to] : edges_) {
      if (ids_.contains(from) && ids_.contains(to)) edges.push_back({{"from", from}, {"to", to}});
    }
    return base::dump_json({{"nodes", nodes_}, {"edges", std::move(edges)}});
  }

 private:
  json nodes_ = json::array();
  std::set<std::string> ids_;
  std::vector<std::pair<std::string, std::string>> edges_;
};

std::string state_of(const std::vector<warden::Member>& members, const std::string& service) {
  for (const auto& member : members) {
    if (member.service == service) return std::string(engine::to_string(member.container.state));
  }
  return "missing";
}

constexpr const char* kBalancer = "loadbalancer";

void add_apps(const Layout& layout, const warden::Listing& listing, Graph& graph) {
  for (const auto& service : layout.services) {
    const std::string id = "app:" + service.name;
    graph.node(id, "app", service.name, state_of(listing.members, service.name));
    for (const auto& needed : service.depends_on) graph.edge(id, "app:" + needed);
    if (is_balanced(layout, service.name)) graph.edge(kBalancer, id);
    graph.edge("agent:scout", id);   // It probes.
    graph.edge("agent:warden", id);  // It acts.
  }
}

void add_replicas(const Layout& layout, const warden::Listing& listing, Graph& graph) {
  for (const auto& member : listing.replicas) {
    const std::string id = "replica:" + member.container.name;
    graph.node(id, "replica", member.container.name, engine::to_string(member.container.state));
    graph.edge("app:" + member.service, id);
    if (is_balanced(layout, member.service)) graph.edge(kBalancer, id);
    graph.edge("agent:warden", id);
  }
}

}  // namespace

std::vector<std::string> running_replicas(const warden::Listing& listing,
                                          const std::string& service) {
  std::vector<std::string> names;
  for (const auto& member : listing.replicas) {
    if (member.service == service && member.container.state == engine::RunState::running)
      names.push_back(member.container.name);
  }
  std::ranges::sort(names);
  return names;
}

std::string encode_containers(const warden::Listing& listing) {
  json containers = json::array();
  for (const auto& member : listing.members) containers.push_back(container(member, false));
  for (const auto& member : listing.replicas) containers.push_back(container(member, true));
  return base::dump_json({{"containers", std::move(containers)}, {"missing", listing.missing}});
}

std::string encode_topology(const Layout& layout, const warden::Listing& listing) {
  Graph graph;
  for (const auto& role : agents_of(layout)) {
    const std::string type = type_of(role.role);
    graph.node(type + ":" + role.role, type_of(role.role), role.role, role.state);
  }
  if (!layout.balanced.empty()) graph.node(kBalancer, "loadbalancer", "nginx", "configured");
  add_apps(layout, listing, graph);
  add_replicas(layout, listing, graph);
  graph.edge("dashboard:console", "agent:warden");  // It lists.
  for (const auto* agent : {"brain", "fixer"})
    graph.edge("agent:" + std::string(agent), "agent:warden");
  graph.edge("agent:scout", "agent:warden");
  return graph.text();
}

}  // namespace console
