// Who may sign in to the embedded forge: made once, kept in the state folder, readable by its owner
// alone. Adapter.
#pragma once

#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"

namespace github {

struct EmbeddedUser {
  std::string login;
  std::string role;  // admin, maintain, write, triage or read.
  std::string token;
};

// The users of <state_dir>/forge-users (one line each: login, role, token), the owner first; made
// when the file is missing, by whoever comes first. Errors: unavailable, corrupt.
[[nodiscard]] base::Result<std::vector<EmbeddedUser>> embedded_users(const std::string& state_dir,
                                                                     base::Random& random);

}  // namespace github
