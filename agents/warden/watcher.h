// Follows the engine for all streams at once: its events, whether it can be heard, and what the
// running members use. Runs two threads from construction to destruction.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agents/warden/hub.h"
#include "agents/warden/performer.h"
#include "agents/warden/roster.h"
#include "base/log.h"
#include "base/time.h"
#include "engine/engine.h"

namespace warden {

struct Rhythm {
  base::Duration tick = std::chrono::seconds(1);   // Of samples while they are cheap.
  base::Duration calm = std::chrono::seconds(10);  // Of samples while the engine must be asked.
};

class Watcher {
 public:
  Watcher(const Roster& roster, engine::ContainerEngine& engine, Hub& hub, Performer& performer,
          Rhythm rhythm, const base::Logger& log);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  struct Known {
    std::string service;
    bool running = false;
  };
  void follow(const std::stop_token& stop);
  void on_connected();
  bool on_event(const engine::Event& event);
  std::optional<std::string> service_of(const engine::Event& event);
  void monitor(const std::stop_token& stop);
  void listen_for_life();
  base::Duration sample();
  bool wait(const std::stop_token& stop, base::Duration duration);

  const Roster& roster_;
  engine::ContainerEngine& engine_;
  Hub& hub_;
  Performer& performer_;
  const Rhythm rhythm_;
  const base::Logger& log_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  // Guards: all below.
  std::map<engine::ContainerId, Known> known_;
  std::set<engine::ContainerId> strangers_;  // Looked at and not configured; bounded.
  std::stop_source stream_;                  // Ends the present event stream.
  bool connected_ = false;
  std::string silence_;  // Why we ended the stream ourselves; empty otherwise.
  std::jthread follower_;
  std::jthread monitor_;
};

}  // namespace warden
