// Runs a fixed command without a shell.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace warden {

// Waits for its end, at most `within`, then kills it. Errors: conflict (it cannot be started, ends
// with another code than 0 or takes too long; the message has the end of what it wrote to stderr).
[[nodiscard]] base::Status run_command(const std::vector<std::string>& argv, base::Duration within);

}  // namespace warden
