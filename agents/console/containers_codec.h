// The containers as the warden lists them, and how all parts hang together, as JSON text. Pure.
// Format: docs/formats/console-api.md.
#pragma once

#include <string>
#include <vector>

#include "agents/console/views_codec.h"
#include "warden/warden.h"

namespace console {

// What of the configuration says how the parts hang together.
struct Layout {
  std::vector<ServiceName> services;
  std::vector<std::string> balanced;  // Services whose requests are spread over replicas.
  std::vector<RoleState> roles;       // As the supervisor tells; empty: not known.
};

[[nodiscard]] std::string encode_containers(const warden::Listing& listing);
// Every edge's ends are nodes.
[[nodiscard]] std::string encode_topology(const Layout& layout, const warden::Listing& listing);

// The names of the service's replicas that run, in order.
[[nodiscard]] std::vector<std::string> running_replicas(const warden::Listing& listing,
                                                        const std::string& service);

}  // namespace console
