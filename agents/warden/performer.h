// Performs operations: reads the facts, asks the gate, calls the engine, looks at what came of it.
// One operation at a time per container. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "agents/warden/changes.h"
#include "agents/warden/gate.h"
#include "agents/warden/roster.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"
#include "warden/warden.h"

namespace warden {

// Reads the ledger and the stop file, each time anew. An error freezes every effect.
using StandingSource = std::function<base::Result<Standing>(const std::string& service)>;

// Without `changes` it starts and restarts, and refuses the other verbs. Borrowed, all.
class Performer {
 public:
  Performer(const Roster& roster, engine::ContainerEngine& engine, StandingSource standing,
            const base::Clock& clock, const base::Logger& log, Changes* changes = nullptr);

  // Errors as Warden::perform has them.
  [[nodiscard]] base::Result<Performed> perform(const Operation& operation);
  // Keeps how the container is made now; answers the hash. Errors: those of Changes::keep, and
  // not_found where nothing is kept at all.
  [[nodiscard]] base::Result<std::string> keep(const engine::Container& container);
  // Looks once at each container whose operation had no answer, and frees those that have settled.
  // To be called about every second.
  void settle();

 private:
  Traffic enter(const engine::ContainerId& id);
  void leave(const engine::ContainerId& id);
  // What is known of the operation's target once it has been judged.
  struct Target {
    std::string service;
    engine::Container container;
  };
  base::Result<Performed> perform_entered(const Operation& operation);
  base::Result<Decision> judge(const Operation& operation, Target& target);
  base::Result<Performed> change(const Operation& operation, Step step, const Target& target);
  base::Result<Performed> restart(const Operation& operation, Step step, const Target& target);
  void hold(const Operation& operation, const std::string& service);
  base::Status act(const Operation& operation, Step step);
  base::Result<Performed> look_after(const Operation& operation, Step step);
  bool has_settled(const engine::ContainerId& id);

  const Roster& roster_;
  engine::ContainerEngine& engine_;
  const StandingSource standing_;
  const base::Clock& clock_;
  const base::Logger& log_;
  Changes* const changes_;
  std::mutex mutex_;
  // A container stands there while it is taken; without Settling: in flight. `changing`: the
  // service that is taken with it.
  struct Taken {
    std::optional<Settling> settling;
    std::string changing;
  };
  // Guards: all below.
  std::map<engine::ContainerId, Taken> taken_;
};

}  // namespace warden
