// What the warden can do to a container besides starting it: recreate it from a snapshot, change
// its limits, scale its service, have its queue cleared. Keeps the snapshots and what it must know
// after a restart in a folder of its own: snapshots hold the containers' environment, which no
// other role may read. Thread-safe; the caller lets in one change per service at a time.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "agents/warden/front.h"
#include "agents/warden/gate.h"
#include "agents/warden/reach.h"
#include "agents/warden/replacer.h"
#include "agents/warden/roster.h"
#include "agents/warden/scaler.h"
#include "agents/warden/shelf.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "config/config.h"
#include "engine/engine.h"
#include "warden/warden.h"

namespace warden {

struct ChangeOptions {
  std::string folder;
  std::map<std::string, config::Bounds> bounds;  // By service.
  base::Duration scale_cooldown = std::chrono::seconds(30);
  Front* front = nullptr;  // Borrowed.
  // By service: the address that is called to clear its queue.
  std::map<std::string, std::string> queues{};
  // Calls it, once. Errors: unavailable (nothing was sent), conflict (it answered, and not well),
  // unknown (sent, no answer). Null: there are none. Thread-safe.
  std::function<base::Status(const std::string& url)> call_queue{};
  Reach* reach = nullptr;  // Borrowed; nullptr: by sockets.
};

class Changes {
 public:
  Changes(ChangeOptions options, engine::ContainerEngine& engine, const base::Clock& clock,
          const base::Logger& log);

  // The container an operation is about, by its lasting name even while it is being replaced.
  // not_found: gone.
  [[nodiscard]] base::Result<engine::Container> target(const Operation& operation);
  // What an operation that replaced its container, and was asked for again, has come to.
  [[nodiscard]] std::optional<base::Result<Performed>> finished(const Operation& operation);
  // Adds what the gate must know.
  void describe(const Operation& operation, const std::string& service, Situation& situation);
  // False: another change of the service is under way.
  [[nodiscard]] bool enter(const std::string& service);
  void leave(const std::string& service);
  [[nodiscard]] bool is_busy(const std::string& service);

  // Tells the front where the service's containers are now, unless a change is under way.
  void refresh(const std::string& service, const engine::ContainerId& own);

  // Stores how the container is made now; answers the hash.
  [[nodiscard]] base::Result<std::string> keep(const engine::Container& container);
  // Errors: those of Replacer and Scaler, and of keep().
  [[nodiscard]] base::Result<Performed> perform(const Operation& operation, Step step,
                                                const std::string& service,
                                                const engine::Container& container);

 private:
  base::Result<Performed> recreate(const Operation& operation, const std::string& service,
                                   const engine::Container& container);
  base::Result<Performed> set_limits(const Operation& operation, const std::string& service,
                                     const engine::Container& container, const std::string& before);
  base::Result<Performed> scale(const Operation& operation, const std::string& service,
                                const engine::Container& container, const std::string& before);
  base::Result<Performed> clear_queue(const Operation& operation, const std::string& service,
                                      const engine::Container& container);
  base::Result<Performed> replace(const Operation& operation, const std::string& service,
                                  const Replacer::Order& order);
  base::Result<Performed> performed(const engine::ContainerId& id, Outcome outcome);
  // How the container was made when the operation was first begun, however often it is.
  base::Result<std::string> keep_first(const Operation& operation,
                                       const engine::Container& container);
  // The replicas that there were then.
  base::Result<std::set<int>> count_first(const Operation& operation, const std::string& service);

  const ChangeOptions options_;
  engine::ContainerEngine& engine_;
  const base::Clock& clock_;
  const base::Logger& log_;
  Shelf snapshots_, begun_, ended_, scaled_, cleared_;
  SocketReach sockets_;
  Replacer replacer_;
  Scaler scaler_;
  std::mutex mutex_;
  std::set<std::string> busy_;  // Guarded by mutex_. Services.
};

}  // namespace warden
