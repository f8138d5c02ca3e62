// The call that clears a service's queue: one POST without a body to its configured address.
#pragma once

#include <string>

#include "base/result.h"

namespace warden {

// Never repeated here. Errors: unavailable (not connected: nothing was sent), conflict (another
// status than 2xx, which is named), unknown (sent, no answer), invalid (no http:// address).
[[nodiscard]] base::Status call_queue(const std::string& url);

}  // namespace warden
