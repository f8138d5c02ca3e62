// Tells the webhooks: one thread with a connection of its own to the forge's file sends what waits,
// oldest first, each once, and writes down how it went. Nothing else ever waits for it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace forge {

class Faults;

class HookSender {
 public:
  // `clock` outlives it. A hook that has not answered after `patience` counts as failed. `faults`
  // may be null. Errors: as SqliteStore::open.
  [[nodiscard]] static base::Result<std::unique_ptr<HookSender>> start(
      const std::string& database_path, const base::Clock& clock,
      std::chrono::milliseconds patience, std::shared_ptr<Faults> faults = nullptr);
  ~HookSender();  // Stops; what was not sent waits for the next start.
  HookSender(const HookSender&) = delete;
  HookSender& operator=(const HookSender&) = delete;

  void wake();  // Something may wait. Thread-safe, never blocks.
  void stop();  // Cuts off a telling under way. Safe to repeat.

 private:
  struct State;
  explicit HookSender(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace forge
