// Decides whether an operation may touch its container now, and by which engine call. The second,
// independent guard behind the Fixer's own: it trusts nothing of what the Fixer concluded.
// Pure: the facts are read freshly by the caller for each operation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "config/config.h"
#include "engine/engine.h"
#include "warden/warden.h"

namespace warden {

// What the ledger, the stop file and the configuration say about one service now. The defaults
// permit nothing.
struct Standing {
  bool stopped = true;                        // Also when the stop state could not be read.
  config::Mode mode = config::Mode::observe;  // Of the service.
  std::int64_t fixer_epoch = 0;               // Of the Fixer's lease, as the ledger has it.
  bool excluded = false;                      // Named in `exclude`.
  bool protect = false;
};

// Whether another operation of the same container stands in the way.
enum class Traffic { free, in_flight, unsettled };

struct Situation {
  base::WallTime now{};
  std::optional<Standing> standing;            // Nothing: could not be read.
  std::optional<engine::Container> container;  // Nothing: not among the configured ones.
  Traffic traffic = Traffic::free;
  config::Bounds bounds{};                       // set_limits.
  bool has_queue = false;                        // clear_queue: one is configured.
  std::optional<std::string> snapshot_of{};      // recreate: name in the stored one, when it is.
  std::optional<base::Duration> since_scaled{};  // scale: since the last other one, if any.
  base::Duration scale_cooldown = std::chrono::seconds(30);
};

// In the order in which they are looked at.
enum class Rule {
  stop,
  expired,
  mode,
  epoch,
  target,
  excluded,
  traffic,
  moved,
  state,
  bounds,
  snapshot,
  cooldown,
};
[[nodiscard]] std::string_view to_string(Rule rule);

struct Refusal {
  Rule rule = Rule::stop;
  base::ErrorCode code = base::ErrorCode::denied;
  std::string reason;
  // "rule stop: …".
  [[nodiscard]] base::Error error() const;
};

// What to do when nothing forbids it. `superseded`: nothing, it runs again already.
enum class Step { start, restart, superseded, recreate, set_limits, scale, clear_queue };

using Decision = std::variant<Step, Refusal>;

// The goal of start and restart is "running with another StartedAt than the Fixer saw": an equality
// test, so that clocks need not agree. Running with another one is superseded; running with the
// same is restarted; stopped with the same is started, also for a restart that was cut in half.
// Stopped with another one is a conflict: it ran meanwhile and ended for a cause that nobody has
// looked at. The other verbs have a goal that does not depend on when the container started;
// whether it is reached already is found by whoever performs them.
[[nodiscard]] Decision decide(const Operation& operation, const Situation& situation);

// Watches a container whose operation had no answer until that operation can no longer strike.
// Settled: two equal observations, and between them 200 ms when the container runs with another
// StartedAt; else the grace and 10 s, because an engine that hung works off late what it was sent,
// and shows the old StartedAt while the grace lasts.
class Settling {
 public:
  Settling(std::string seen_started_at, base::Duration grace);
  // `now` never earlier than the last one. True: settled.
  [[nodiscard]] bool observe(const engine::Container& container, base::Instant now);
  // The engine could not be asked: what was seen before no longer counts.
  void lose();

 private:
  std::string seen_started_at_;
  base::Duration grace_;
  std::optional<engine::Container> first_;
  base::Instant first_at_{};
};

}  // namespace warden
