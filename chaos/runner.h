// Runs experiments: the steady state first, then the fault, then each stage of its healing awaited
// in order and read back from where a person would look: the engine, the forge's API, the service
// itself, the console, the memory's files. Links no role. Adapter.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "chaos/experiment.h"
#include "chaos/result.h"
#include "chaos/thread_reading.h"
#include "config/config.h"
#include "engine/engine.h"
#include "github/github.h"

namespace chaos {

// What the runner looks at and acts through. All outlive it.
struct World {
  const config::Config& config;
  engine::ContainerEngine& engine;
  github::Github& github;
  const base::Clock& clock;
  base::Duration poll = std::chrono::milliseconds(200);  // Between two looks at the forge.
  std::function<void(const Thread&)> follow =
      {};  // Each look at the incident's thread; may be empty.
  std::function<void(const std::string&)> say = {};  // One line of progress; may be empty.
};

// Not thread-safe; one at a time per state folder.
class Runner {
 public:
  Runner(World world, std::vector<Experiment> catalogue);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Runs the experiment of the catalogue on `service` (empty: its own choice). A requested stop
  // ends it early, undone, as a failure. Errors: not_found (no such experiment).
  [[nodiscard]] base::Result<Result> run(const std::string& name, const std::string& service,
                                         std::stop_token stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chaos
