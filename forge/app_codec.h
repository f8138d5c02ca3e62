// The JSON of GitHub Apps, organisations, teams and workflows, out and in. Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "forge/apps.h"
#include "forge/forge_codec.h"
#include "forge/model.h"

namespace forge {

struct JwtClaims {
  std::string issuer;  // The app's id or client id.
  std::int64_t issued_s = 0;
  std::int64_t expires_s = 0;
};
// Errors: invalid, in GitHub's words.
[[nodiscard]] base::Result<JwtClaims> parse_jwt(std::string_view header, std::string_view payload);
[[nodiscard]] std::string client_id_of(const App& app);

[[nodiscard]] nlohmann::json app_json(const App& app, const Repository& repository,
                                      const Urls& urls);  // integration
// An app is installed once, on the forge's repository; the installation has the app's id.
[[nodiscard]] nlohmann::json installation_json(const App& app, const Repository& repository,
                                               const Urls& urls);
[[nodiscard]] nlohmann::json installation_lite_json(Id id);  // As webhooks have it.
[[nodiscard]] nlohmann::json installation_token_json(const InstallationToken& token,
                                                     const App& app);
// As lists of repositories have it.
[[nodiscard]] nlohmann::json listed_repository_json(const Repository& repository, Role role,
                                                    const Urls& urls);
[[nodiscard]] nlohmann::json root_json(const Urls& urls);  // Where everything is.
[[nodiscard]] nlohmann::json organization_json(const User& organization, const Urls& urls);
[[nodiscard]] nlohmann::json membership_json(const Team& team, const User& user, const Urls& urls);
// `index` from 0 gives its id.
[[nodiscard]] nlohmann::json workflow_json(const std::string& file, int index,
                                           const Repository& repository, const Urls& urls);

}  // namespace forge
