// Snapshots: how a container was made, as canonical JSON text. Taken from what the engine tells of
// a container, without what it makes up itself (id, times, generated names and addresses), so that
// equal containers have equal texts. Format: docs/formats/warden.md. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace engine {

// Errors of all: invalid (not JSON, or not what it should be).

[[nodiscard]] base::Result<std::string> make_snapshot(std::string_view inspect_json);
// The snapshot that a container made from `snapshot` with these overrides will have.
[[nodiscard]] base::Result<std::string> with_overrides(std::string_view snapshot,
                                                       const Overrides& overrides);

struct SnapshotFacts {
  std::string name;
  std::string image;     // As given at creation.
  std::string image_id;  // Empty after an override of the image.
  std::int64_t memory_limit_bytes = 0;
  double cpu_limit = 0;
  bool auto_remove = false;  // The engine removes it as soon as it stops.
  bool has_network = true;   // Of its own; false: the host's, another container's or none.
  std::map<std::string, std::string> labels;
  // SHA-256 of all that makes the container; name and image reference are no part of it. Two
  // containers are byte-equal when these are equal.
  std::string creation_hash;
  std::string hash_without_limits;  // The same without memory, swap and CPU limits.
};
[[nodiscard]] base::Result<SnapshotFacts> read_snapshot(std::string_view snapshot);

// The bodies of the API's calls that make the container: `create`, then one connection for each
// further network, since APIs before 1.44 take only one network at creation.
struct CreationCalls {
  std::string create;
  std::vector<std::pair<std::string, std::string>> connect;  // Network and body, without id.
};
// `image` is the reference or id to make it from.
[[nodiscard]] base::Result<CreationCalls> creation_calls(std::string_view snapshot,
                                                         const std::string& image);
// `body` of a connection, for that container.
[[nodiscard]] base::Result<std::string> connection_for(std::string_view body,
                                                       const ContainerId& id);
// The body of the update call that brings a container with this snapshot to those limits.
[[nodiscard]] base::Result<std::string> update_body(std::string_view snapshot,
                                                    const ResourceLimits& limits);

[[nodiscard]] base::Result<std::map<std::string, std::string>> parse_addresses(
    std::string_view inspect_json);

}  // namespace engine
