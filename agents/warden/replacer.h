// Replaces a container by one made from a snapshot, in steps that can be taken up again after a
// crash at any point:
//   make <name>.sre-next and compare it with the snapshot; stop the old one; call it
//   <name>.sre-previous; call the new one <name>; start it; note that; remove the old one.
// What stands where tells which steps are done. At most one of the two runs at any time.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"

namespace warden {

class Replacer {
 public:
  struct Order {
    std::string name;  // Of the container.
    engine::ContainerId old;
    std::string snapshot;
    engine::ResourceLimits limits{};  // Beside what the snapshot says.
    base::Duration grace{0};          // Between TERM and KILL of the old one.
  };
  // Called with the new container's id before the old one is removed; an error keeps the old one.
  using Note = std::function<base::Status(const engine::ContainerId& made)>;

  Replacer(engine::ContainerEngine& engine, const base::Logger& log) : engine_(engine), log_(log) {}

  // Answers the new container, which was started. Repeating it ends in the same place. Errors:
  // conflict (nothing was changed, or what was is undone; the message says why), unavailable
  // (nothing was changed), unknown (repeat it: it may be anywhere between).
  [[nodiscard]] base::Result<engine::ContainerId> replace(const Order& order, const Note& note);

 private:
  // Who has the three names now.
  struct Place {
    std::optional<engine::Container> current, next, previous;
  };
  base::Result<Place> look(const std::string& name);
  base::Result<engine::ContainerId> make(const Order& order, const Place& place);
  base::Status clear(const std::optional<engine::Container>& leftover, base::Duration grace);
  base::Status is_equal(const Order& order, const engine::ContainerId& made);
  base::Status swap(const Order& order, const engine::ContainerId& made);
  base::Error put_back(const Order& order, const engine::ContainerId& made, const base::Error& why);
  base::Result<engine::ContainerId> finish(const Order& order, const engine::ContainerId& made,
                                           const Note& note);

  engine::ContainerEngine& engine_;
  const base::Logger& log_;
};

}  // namespace warden
