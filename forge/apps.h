// GitHub Apps: whose signed token this is, and the installation tokens given out for it. Tokens are
// kept in memory by their hash alone: after a restart an app asks for a new one.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "forge/model.h"

namespace forge {

struct InstallationToken {
  std::string text;        // "ghs_" and 36 more characters.
  base::WallTime expires;  // An hour after it was made.
};

// Not thread-safe.
class Apps {
 public:
  explicit Apps(std::vector<App> apps) : apps_(std::move(apps)) {}

  [[nodiscard]] const std::vector<App>& all() const { return apps_; }
  // Whether it has the form of a signed token at all.
  [[nodiscard]] static bool is_jwt(std::string_view token);
  // Whose signed token (RS256, RFC 7519) this is. As GitHub: issued at most 60 s in the future,
  // ends at most 10 minutes from now, any of the app's keys. Errors: denied, in GitHub's words.
  [[nodiscard]] base::Result<const App*> read_jwt(std::string_view token, base::WallTime now) const;
  [[nodiscard]] InstallationToken make_token(const App& app, base::WallTime now);
  // The app an installation token speaks for; null: unknown or ended.
  [[nodiscard]] const App* find_token(std::string_view token, base::WallTime now) const;

 private:
  struct Given {
    const App* app;
    base::WallTime expires;
  };
  const std::vector<App> apps_;
  std::map<std::string, Given> given_;  // By the token's SHA-256.
  base::SystemRandom random_;
};

}  // namespace forge
