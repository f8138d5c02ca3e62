// One authenticated look at the configured repository. An adapter; hides the HTTP and JSON
// libraries.
#pragma once

#include "base/result.h"
#include "config/config.h"

namespace cli {

struct RepositoryRights {
  bool has_issues = false;
  bool may_write = false;
};

// GET /repos/{owner}/{name}, 10 s at most, no redirects. Errors: denied (401, 403), not_found,
// unavailable (no answer), invalid (anything else). The token is in no message.
[[nodiscard]] base::Result<RepositoryRights> probe_repository(const config::Github& github);

}  // namespace cli
