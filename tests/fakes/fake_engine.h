// A container engine in memory, for tests and simulation: the same rules as the real one
// (idempotent start, a new StartedAt each time, events in its order), and its faults on demand.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace fakes {

// Thread-safe. Time does not pass here: StartedAt and event times are numbers that only grow.
class FakeEngine final : public engine::ContainerEngine {
 public:
  enum class Health {
    well,
    down,  // Nobody listens: unavailable, nothing done; streams end.
    hung,  // Takes calls and does not answer: reads time out, effects are unknown and done later,
           // once it is well again.
  };

  // A running container; its id is 64 digits made of a counter.
  engine::ContainerId add(const std::string& name, const std::string& label = "",
                          const std::string& label_value = "");
  // Its end from outside, running or not.
  void destroy(const engine::ContainerId& id);
  void set_health(Health health);
  void set_log(const engine::ContainerId& id, std::vector<std::string> lines);
  void change(const engine::ContainerId& id, const std::function<void(engine::Container&)>& change);
  // Its process ends by itself: die (after oom when `oom`).
  void crash(const engine::ContainerId& id, int exit_code = 137, bool oom = false);
  // A person's `docker kill`: kill, then die.
  void kill(const engine::ContainerId& id, const std::string& signal = "9");
  // Every effect that was received, as "start <id>", "restart <id>", "create <name>" …, in order.
  [[nodiscard]] std::vector<std::string> effects() const;
  // The next effect with that word ("create", "stop", …) is answered with this error; not done.
  void fail_next(const std::string& verb, base::Error error);
  // Called at the beginning of each effect, without any lock.
  void on_effect(std::function<void()> call);

  base::Result<std::string> version() override;
  base::Result<std::vector<engine::Container>> list() override;
  base::Result<engine::Container> inspect(const std::string& id_or_name) override;
  base::Result<std::vector<std::string>> log_tail(const engine::ContainerId& id,
                                                  int lines) override;
  base::Result<engine::Stats> stats(const engine::ContainerId& id) override;
  base::Status start(const engine::ContainerId& id) override;
  base::Status restart(const engine::ContainerId& id, base::Duration grace) override;
  base::Status stop(const engine::ContainerId& id, base::Duration grace) override;
  base::Result<std::string> snapshot(const engine::ContainerId& id) override;
  base::Result<engine::ContainerId> create_from(const std::string& snapshot,
                                                const engine::Overrides& overrides) override;
  base::Status rename(const engine::ContainerId& id, const std::string& name) override;
  base::Status remove(const engine::ContainerId& id) override;
  base::Status update_limits(const engine::ContainerId& id,
                             const engine::ResourceLimits& limits) override;
  base::Result<std::map<std::string, std::string>> addresses(
      const engine::ContainerId& id) override;
  base::Status follow(const std::function<void()>& connected,
                      const std::function<bool(const engine::Event&)>& receive,
                      std::stop_token stop) override;

 private:
  using Change = std::function<base::Status()>;
  // Records the effect and does it, now or when the engine is well again.
  base::Status effect(const std::string& verb, const std::string& what, const Change& change);
  base::Status start_now(const engine::ContainerId& id);
  base::Status stop_now(const engine::ContainerId& id);
  base::Status restart_now(const engine::ContainerId& id);
  base::Status remove_now(const engine::ContainerId& id);
  base::Status rename_now(const engine::ContainerId& id, const std::string& name);
  base::Status update_now(const engine::ContainerId& id, const engine::ResourceLimits& limits);
  base::Status create_now(const engine::ContainerId& id, const std::string& snapshot);
  engine::Container* find(const engine::ContainerId& id);
  bool is_taken(const std::string& name) const;
  engine::ContainerId next_id();
  base::Status readable() const;
  void emit(engine::EventKind kind, const engine::Container& container);
  void run(engine::Container& container);
  void end(engine::Container& container, int exit_code);
  std::string next_time();

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guards: all below.
  std::map<engine::ContainerId, engine::Container> containers_;
  std::map<engine::ContainerId, std::vector<std::string>> logs_;
  std::deque<engine::Event> events_;  // All there ever were; a stream begins at the end.
  std::vector<std::string> effects_;
  std::map<engine::ContainerId, std::string> snapshots_;
  std::map<std::string, base::Error> failing_;
  std::vector<Change> delayed_;
  std::function<void()> on_effect_;
  Health health_ = Health::well;
  int downs_ = 0;
  int ids_ = 0;
  std::int64_t time_ = 0;
};

}  // namespace fakes
