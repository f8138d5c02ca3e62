// GitHub over its REST API: api.github.com, an Enterprise server or the embedded forge, by address
// alone; by a token or as an app. Bounded as rest_client.h says, and lists at 100 pages.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "github/github.h"
#include "github/rest_client.h"
#include "github/sign_in.h"

namespace github {

struct RestOptions {
  LineOptions line;
  std::string repository;               // "owner/name"
  std::string token = {};               // Of no use with an app.
  std::optional<AppIdentity> app = {};  // Signs in instead of the token.
};

// Connects at the first call only. Not thread-safe. Errors: invalid (address, repository, token or
// key not of the right form; no secret is ever named).
[[nodiscard]] base::Result<std::unique_ptr<Github>> make_rest_github(const RestOptions& options,
                                                                     const base::Clock& clock);
// The sign-in that these options ask for; `line` and `clock` must outlive it. Errors: as above.
[[nodiscard]] base::Result<std::unique_ptr<SignIn>> sign_in(const RestOptions& options,
                                                            RestClient& line,
                                                            const base::Clock& clock);

// "owner/name", each of letters, digits, "-", "_" and ".".
[[nodiscard]] bool is_repository(std::string_view text);

}  // namespace github
