// Brings a service to so many replicas beside its own container: makes and starts the missing ones
// in order, takes the others away from the highest on. Each step is "be it so": repeating the whole
// ends in the same place.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "agents/warden/front.h"
#include "agents/warden/reach.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"

namespace warden {

class Scaler {
 public:
  struct Order {
    std::string service;
    engine::ContainerId own;  // The service's own container, which runs.
    std::string snapshot;     // Of it.
    std::set<int> before;     // Indices of the replicas that were there when it was first begun.
    int count = 0;
    base::Duration grace{0};  // Between TERM and KILL of what leaves.
  };
  // `front` may be nullptr. Borrowed.
  Scaler(engine::ContainerEngine& engine, Front* front, Reach& reach, const base::Logger& log)
      : engine_(engine), front_(front), reach_(reach), log_(log) {}

  // True: something was changed. Errors: conflict (nothing was changed, or what was is undone),
  // denied (it cannot have replicas), unavailable (nothing was changed), unknown (repeat it).
  [[nodiscard]] base::Result<bool> scale(const Order& order);
  // Indices of the replicas that there are, running or not.
  [[nodiscard]] base::Result<std::set<int>> indices(const std::string& service);
  // Tells the front which containers of that service accept connections now: addresses change when
  // containers start. Its own container is waited for up to `patience`. When none does, the front
  // stays as it is.
  [[nodiscard]] base::Status refresh(const std::string& service, const engine::ContainerId& own,
                                     base::Duration patience);

 private:
  using Replicas = std::map<int, engine::Container>;  // By index.
  base::Result<Replicas> replicas_of(const std::string& service);
  base::Status grow(const Order& order, const Replicas& there, bool& changed);
  base::Result<engine::ContainerId> make(const Order& order, int index);
  base::Status shrink(const Order& order, const Replicas& there);
  base::Status show(const std::string& service, const std::vector<engine::ContainerId>& shown);
  // The address of a container that accepts connections.
  base::Result<std::string> ready_address(const engine::ContainerId& id, int port,
                                          base::Duration patience);
  base::Error undo(const Order& order, const base::Error& why);

  engine::ContainerEngine& engine_;
  Front* front_;
  Reach& reach_;
  const base::Logger& log_;
};

}  // namespace warden
