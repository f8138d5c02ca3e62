// Sends HTTP probes, any number at once, each with its own deadline; one that waits never delays
// another. Adapter on Asio; one thread.
#pragma once

#include <functional>
#include <memory>

#include "agents/scout/scout_ports.h"

namespace scout {

class Prober {
 public:
  // `answer` is called on the prober's thread, exactly once per probe.
  Prober(const base::Clock& clock, std::function<void(const StartProbe&, Probed)> answer);
  ~Prober();  // Drops what is under way.
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  void start(const StartProbe& probe);  // Never blocks. Thread-safe.

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace scout
