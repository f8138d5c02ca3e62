// Whether containers accept connections, and the waiting until they do.
#pragma once

#include <string>

#include "base/time.h"

namespace warden {

// The port. Thread-safe.
class Reach {
 public:
  virtual ~Reach() = default;
  // Something accepts connections at that IPv4 address and port, within a second.
  [[nodiscard]] virtual bool accepts(const std::string& address, int port) = 0;
  [[nodiscard]] virtual base::Instant now() const = 0;
  virtual void pause(base::Duration time) = 0;
};

class SocketReach final : public Reach {
 public:
  bool accepts(const std::string& address, int port) override;
  [[nodiscard]] base::Instant now() const override;
  void pause(base::Duration time) override;
};

}  // namespace warden
