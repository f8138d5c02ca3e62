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

// GET /repos/{owner}/{name} the way the Scribe goes: signed in by token or as the app, through the
// proxy, 5 s for each step. Errors: denied (who we are, or the proxy), not_found, unavailable (no
// answer, a key file that cannot be read), invalid (anything else). No secret is in any message.
[[nodiscard]] base::Result<RepositoryRights> probe_repository(const config::Config& config);

// The login of that token, by the same way. Errors: the same.
[[nodiscard]] base::Result<std::string> probe_login(const config::Config& config,
                                                    const std::string& token);

}  // namespace cli
