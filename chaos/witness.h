// Watches the containers of the configuration from outside while an experiment runs: every event of
// the engine, in order, and the first good answer of the target after its start. Adapter, with one
// thread of its own. Never probes between a death and the start: measured, that costs 0.8 s.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "engine/engine.h"

namespace chaos {

// Thread-safe.
class Witness {
 public:
  // Both outlive this object. Follows until destroyed, reconnecting when the stream breaks.
  Witness(engine::ContainerEngine& engine, const base::Clock& clock);
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  // Waits until the engine has accepted the stream; false: not within `patience`.
  [[nodiscard]] bool wait_connected(base::Duration patience);
  // From now on the next start of `id` is followed by probing `url` until it answers below 400.
  void watch(const engine::ContainerId& id, const std::string& url);

  // The events of `id` since watch(), oldest first.
  [[nodiscard]] std::vector<engine::Event> events_of(const engine::ContainerId& id) const;
  [[nodiscard]] int count(const engine::ContainerId& id, engine::EventKind kind) const;
  [[nodiscard]] std::optional<base::WallTime> first(const engine::ContainerId& id,
                                                    engine::EventKind kind) const;
  // When the watched one first answered well after its start.
  [[nodiscard]] std::optional<base::WallTime> healthy_at() const;
  // How often the stream broke: what happened then was not seen.
  [[nodiscard]] int gaps() const;
  // Waits for the next event, at most `patience`.
  void wait_event(base::Duration patience) const;

 private:
  void follow(const std::stop_token& stop);
  void probe(const std::stop_token& stop);

  engine::ContainerEngine& engine_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  // Guards: all below.
  std::vector<engine::Event> events_;
  engine::ContainerId watched_;
  std::string url_;
  bool is_started_ = false;
  std::optional<base::WallTime> healthy_at_;
  bool connected_ = false;
  int gaps_ = 0;
  std::jthread prober_;
  std::jthread follower_;
};

}  // namespace chaos
