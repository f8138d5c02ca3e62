// A chaos experiment as plain data: what is broken, what must be seen of its healing, by when, and
// how it is undone. Pure types; read from chaos/experiments/*.yaml by experiment_yaml.h. A new
// fault is a new file there. Format: docs/formats/experiment.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/config.h"

namespace chaos {

// What a target must be. internal: without probes of its own.
enum class Trait { health, path, dependents, dependencies, internal };
[[nodiscard]] std::string_view to_string(Trait trait);
[[nodiscard]] std::optional<Trait> parse_trait(std::string_view text);

struct Target {
  std::string prefer;        // The service of this name, when it has the traits; may be empty.
  std::vector<Trait> where;  // Else the first of the configuration that has them all.
};

// What must hold before anything is broken.
enum class Steady { containers_running, probes_good, no_open_incident };
[[nodiscard]] std::string_view to_string(Steady steady);
[[nodiscard]] std::optional<Steady> parse_steady(std::string_view text);

enum class FaultKind {
  http_call,          // One GET to the target.
  http_until_oom,     // GETs until the engine says that the container is out of memory.
  kill_host_process,  // SIGKILL to the container's first process, from its host.
  stop_host_process,  // SIGSTOP to all its processes.
};
[[nodiscard]] std::string_view to_string(FaultKind kind);
[[nodiscard]] std::optional<FaultKind> parse_fault_kind(std::string_view text);

struct Fault {
  FaultKind kind = FaultKind::kill_host_process;
  std::string path;  // http_* only, with its query.
  base::Duration every = std::chrono::milliseconds(50);
  int calls = 1;
};

// All of them end by starting the container when it does not run.
enum class UndoKind { start_container, http_call, continue_host_process };
[[nodiscard]] std::string_view to_string(UndoKind kind);
[[nodiscard]] std::optional<UndoKind> parse_undo_kind(std::string_view text);

struct Undo {
  UndoKind kind = UndoKind::start_container;
  std::string path;  // http_call only; a POST.
};

struct Expectation {
  std::string failure_class;     // "oom"
  std::string action;            // "restart"
  int incidents = 1;             // New issues.
  int restarts = 1;              // Starts of the target.
  bool others_untouched = true;  // No other configured container was started, killed or died.
};

// How long after the stage before it each stage may come.
struct Within {
  base::Duration detect = std::chrono::seconds(10), diagnose = std::chrono::seconds(10),
                 act = std::chrono::seconds(10), healthy = std::chrono::seconds(20),
                 close = std::chrono::seconds(60), recall = std::chrono::seconds(15);
};

struct Experiment {
  std::string name, description;
  Target target;
  std::vector<Steady> steady_state;
  Fault fault;
  Expectation expect;
  Within within;
  base::Duration limit = std::chrono::minutes(2);  // From the fault to the last stage.
  Undo undo;
};

[[nodiscard]] bool has_trait(const config::Config& config, const config::Service& service,
                             Trait trait);

// The service to break: `wanted` when not empty, else by the experiment's own rule. Borrowed from
// `config`. Errors: not_found (nothing fits; says what is wanted), denied (it is protected).
[[nodiscard]] base::Result<const config::Service*> choose_target(const Experiment& experiment,
                                                                 const config::Config& config,
                                                                 std::string_view wanted);

}  // namespace chaos
