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
  void remove(const engine::ContainerId& id);
  void set_health(Health health);
  void set_log(const engine::ContainerId& id, std::vector<std::string> lines);
  void change(const engine::ContainerId& id, const std::function<void(engine::Container&)>& change);
  // Its process ends by itself: die (after oom when `oom`).
  void crash(const engine::ContainerId& id, int exit_code = 137, bool oom = false);
  // A person's `docker kill`: kill, then die.
  void kill(const engine::ContainerId& id, const std::string& signal = "9");
  // Every effect that was received, as "start <id>" or "restart <id>", in order.
  [[nodiscard]] std::vector<std::string> effects() const;
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
  base::Status follow(const std::function<void()>& connected,
                      const std::function<bool(const engine::Event&)>& receive,
                      std::stop_token stop) override;

 private:
  base::Status effect(const std::string& verb, const engine::ContainerId& id);
  base::Status effect_now(const std::string& verb, const engine::ContainerId& id);
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
  std::vector<std::pair<std::string, engine::ContainerId>> delayed_;
  std::function<void()> on_effect_;
  Health health_ = Health::well;
  int downs_ = 0;
  int ids_ = 0;
  std::int64_t time_ = 0;
};

}  // namespace fakes
