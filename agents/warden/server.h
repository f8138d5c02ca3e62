// The warden's doors: <socket_dir>/scout.sock, brain.sock, fixer.sock and console.sock, each only
// for this user. Reads through the first three, operations through fixer.sock alone, the listing
// and nothing else through console.sock; everything else is refused.
// Format: docs/formats/warden.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/warden/changes.h"
#include "agents/warden/gate.h"
#include "agents/warden/performer.h"
#include "agents/warden/watcher.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "config/config.h"
#include "engine/engine.h"

namespace warden {

struct ServerOptions {
  std::string socket_dir;  // Made with mode 0700 when it is not there.
  std::vector<config::Service> services;
  std::vector<std::string> excluded;  // Container names.
  Rhythm rhythm{};
  // Empty folder: nothing but starts and restarts. Bounds are taken from `services`.
  ChangeOptions changes{};
};

// What is borrowed outlives the server. `standing` is called from several threads.
class WardenServer {
 public:
  WardenServer(ServerOptions options, engine::ContainerEngine& engine, StandingSource standing,
               const base::Clock& clock, const base::Logger& log);
  ~WardenServer();  // Stops.
  WardenServer(const WardenServer&) = delete;
  WardenServer& operator=(const WardenServer&) = delete;

  // Opens the doors and returns. Errors: conflict (another warden listens there), denied (a file
  // is in the way or the folder cannot be used). To be called once.
  [[nodiscard]] base::Status start();
  // Tells the balancer, when there is one, where the services' containers are now. To be called now
  // and then: addresses change when containers start.
  void refresh_front();
  // Ends the streams and closes the doors, within about a second. An operation under way is
  // finished.
  void stop();

 private:
  struct House;
  std::unique_ptr<House> house_;
};

}  // namespace warden
