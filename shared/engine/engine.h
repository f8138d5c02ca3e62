// What we need of a container engine, in our words. The real one is engine::DockerEngine; only the
// warden (and the chaos suite, from outside) links it. The types are pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace engine {

// Always the full id, 64 lower-case hex digits. A name is not an id: it may be taken by another
// tomorrow.
using ContainerId = std::string;
[[nodiscard]] bool is_container_id(std::string_view text);

enum class RunState { created, running, paused, restarting, removing, exited, dead };
enum class RestartPolicy { no, on_failure, always, unless_stopped };
enum class HealthState { none, starting, healthy, unhealthy };

[[nodiscard]] std::string_view to_string(RunState state);
[[nodiscard]] std::string_view to_string(RestartPolicy policy);
[[nodiscard]] std::string_view to_string(HealthState state);
[[nodiscard]] std::optional<RunState> parse_run_state(std::string_view text);
[[nodiscard]] std::optional<RestartPolicy> parse_restart_policy(std::string_view text);
[[nodiscard]] std::optional<HealthState> parse_health_state(std::string_view text);

// A container as the engine described it at one moment.
struct Container {
  ContainerId id;
  std::string name;      // Without the leading slash.
  std::string image;     // As given at creation, e.g. "demo:latest".
  std::string image_id;  // "sha256:…".
  RunState state = RunState::created;
  bool oom_killed = false;
  int exit_code = 0;
  int pid = 0;              // On the engine's host; 0 when not running. Never signal 0.
  std::string started_at;   // The engine's own text. Compared for equality only, never by clock.
  std::string finished_at;  // Likewise.
  HealthState health = HealthState::none;
  RestartPolicy restart_policy = RestartPolicy::no;
  int restart_count = 0;
  std::int64_t memory_limit_bytes = 0;  // 0: none.
  double cpu_limit = 0;                 // Cores; 0: none.
  bool has_volumes = false;             // It writes to a volume, which outlives it.
  std::map<std::string, std::string> labels;

  bool operator==(const Container&) const = default;
};

enum class EventKind {
  create,
  start,
  restart,
  die,
  oom,
  kill,
  stop,
  pause,
  unpause,
  destroy,
  health_status
};
[[nodiscard]] std::string_view to_string(EventKind kind);
[[nodiscard]] std::optional<EventKind> parse_event_kind(std::string_view text);

// Something the engine did or saw. A hint: the state is re-read before anything is decided.
struct Event {
  EventKind kind = EventKind::start;
  ContainerId id;
  std::string name;
  std::int64_t time_ns = 0;                // Engine's UTC clock.
  std::optional<int> exit_code;            // die only.
  std::string signal;                      // kill only.
  HealthState health = HealthState::none;  // health_status only.

  bool operator==(const Event&) const = default;
};

// What a container uses. cpu_percent: 100 is one core busy since the previous sample.
struct Stats {
  ContainerId id;
  base::WallTime at;
  std::int64_t memory_bytes = 0;  // Without reclaimable page cache.
  std::int64_t memory_limit_bytes = 0;
  double cpu_percent = 0;

  bool operator==(const Stats&) const = default;
};

// What is to be changed of a container's limits; what is absent stays as it is. 0: no limit.
struct ResourceLimits {
  std::optional<std::int64_t> memory_bytes;
  std::optional<double> cpu;  // Cores.

  bool operator==(const ResourceLimits&) const = default;
};

// How a container made from a snapshot differs from the one the snapshot was taken of. There is
// nothing else that can be asked for.
struct Overrides {
  std::string name;                  // Of the new container. Needed.
  std::optional<std::string> image;  // A reference that the engine has already.
  ResourceLimits limits{};
  std::map<std::string, std::string> labels{};  // Added to those of the snapshot.
  // One more beside the original: without what only one can have (published ports, fixed addresses,
  // network aliases) and without its anonymous volumes.
  bool replica = false;
};

// The port. Implementations are thread-safe. Every call ends by its deadline.
// Errors of all: not_found; unavailable (nothing was sent: retry later); timeout for reads; for
// effects a missing answer is `unknown` (it may happen later: observe first).
class ContainerEngine {
 public:
  virtual ~ContainerEngine() = default;
  // Negotiates the API version; answers e.g. "20.10.24 (API 1.41)".
  virtual base::Result<std::string> version() = 0;
  // All containers, stopped ones too.
  virtual base::Result<std::vector<Container>> list() = 0;
  virtual base::Result<Container> inspect(const std::string& id_or_name) = 0;
  // The newest `lines` lines, oldest first, each cut at 4 KiB, cleaned of control characters.
  virtual base::Result<std::vector<std::string>> log_tail(const ContainerId& id, int lines) = 0;
  virtual base::Result<Stats> stats(const ContainerId& id) = 0;
  // Starts a stopped container; a running one is left as it is, so repeating is safe.
  virtual base::Status start(const ContainerId& id) = 0;
  // Stops (TERM, then KILL after `grace`) and starts again.
  virtual base::Status restart(const ContainerId& id, base::Duration grace) = 0;
  // Stops (TERM, then KILL after `grace`); one that does not run is left as it is.
  virtual base::Status stop(const ContainerId& id, base::Duration grace) = 0;

  // How the container was made, as canonical JSON; format: docs/formats/warden.md, helpers:
  // engine/snapshot_codec.h. Equal ones make equal containers.
  virtual base::Result<std::string> snapshot(const ContainerId& id) = 0;
  // Makes a container, not started. Errors besides: conflict (the name is taken), not_found (the
  // image is gone), invalid (no snapshot, or the engine refuses what stands in it).
  virtual base::Result<ContainerId> create_from(const std::string& snapshot,
                                                const Overrides& overrides) = 0;
  // Errors besides: conflict (the name is taken).
  virtual base::Status rename(const ContainerId& id, const std::string& name) = 0;
  // A stopped one; its volumes stay. Errors besides: conflict (it runs, or is being removed).
  virtual base::Status remove(const ContainerId& id) = 0;
  // At once and for all later starts. Errors besides: conflict (this container cannot be changed in
  // place: nothing was changed).
  virtual base::Status update_limits(const ContainerId& id, const ResourceLimits& limits) = 0;
  // Its IPv4 address by network; empty when it does not run.
  virtual base::Result<std::map<std::string, std::string>> addresses(const ContainerId& id) = 0;

  // Hands on events from now until `receive` returns false or `stop` is requested; returns then, or
  // with an error when the stream breaks. Calls `connected` once the engine has accepted: what
  // happened before that must be read by list().
  virtual base::Status follow(const std::function<void()>& connected,
                              const std::function<bool(const Event&)>& receive,
                              std::stop_token stop) = 0;
};

}  // namespace engine
