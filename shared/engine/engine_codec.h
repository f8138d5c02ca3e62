// The Docker Engine's JSON, as its API 1.24 to 1.44 writes it, to our structs. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace engine {

// Errors of all: invalid (not JSON, or without what identifies the thing).

[[nodiscard]] base::Result<Container> parse_container(std::string_view inspect_json);
[[nodiscard]] base::Result<std::vector<ContainerId>> parse_container_ids(
    std::string_view list_json);
// Nothing for an event of a kind we do not know.
[[nodiscard]] base::Result<std::optional<Event>> parse_event(std::string_view line);

// Counters of one moment; the CPU share needs two of them.
struct Usage {
  std::int64_t memory_bytes = 0;  // Without reclaimable page cache.
  std::int64_t memory_limit_bytes = 0;
  std::int64_t cpu_ns = 0;  // Since the container's cgroup was made.
};
[[nodiscard]] base::Result<Usage> parse_usage(std::string_view stats_json);

// The body of a logs answer: with a terminal plain text, without one frames of 8 bytes head
// (stream, 0, 0, 0, length big-endian) and payload. Lines cut at 4 KiB, cleaned; the newest `lines`
// of them.
[[nodiscard]] std::vector<std::string> parse_log(std::string_view body, int lines);

// "20.10.24 (API 1.41)".
[[nodiscard]] base::Result<std::string> parse_version(std::string_view version_json);
// The API version to speak with an engine whose newest is `newest` ("1.41"): at most 1.44, at least
// 1.24. Errors: invalid (older than 1.24, or no version).
[[nodiscard]] base::Result<std::string> choose_api(std::string_view newest);
// The id in the answer to a creation, and in what the engine tells of an image.
[[nodiscard]] base::Result<ContainerId> parse_created_id(std::string_view body);
[[nodiscard]] base::Result<std::string> parse_image_id(std::string_view image_json);
// What the engine says in an error's body, or the body's beginning.
[[nodiscard]] std::string parse_message(std::string_view body);

}  // namespace engine
