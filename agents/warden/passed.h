// A failpoint behind a step of a change, as a status.
#pragma once

#include <string>
#include <string_view>

#include "base/failpoint.h"
#include "base/result.h"

namespace warden {

// Errors: unknown, when a test makes the step fail there.
[[nodiscard]] inline base::Status passed(std::string_view failpoint) {
  if (!base::failpoint(failpoint)) return {};
  return base::Error{base::ErrorCode::unknown, "failpoint " + std::string(failpoint)};
}

}  // namespace warden
