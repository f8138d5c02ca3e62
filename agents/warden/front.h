// What stands before the containers of a service and spreads requests over them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace warden {

// The port. Thread-safe.
class Front {
 public:
  virtual ~Front() = default;
  // The port on which the service's containers listen; 0: nothing stands before this service.
  [[nodiscard]] virtual int port_of(const std::string& service) const = 0;
  // Spreads requests over exactly these addresses ("10.0.0.7:8000") and returns once that is so.
  // Errors: invalid (none given), conflict (refused; as before), unknown (it may be either).
  [[nodiscard]] virtual base::Status set(const std::string& service,
                                         const std::vector<std::string>& addresses) = 0;
  // How long a request may still be on its way to an address that was taken out.
  [[nodiscard]] virtual base::Duration drain() const = 0;
};

}  // namespace warden
