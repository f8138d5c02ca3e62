// How an app of GitHub signs in: the signed text by which it asks for a token, and when to ask for
// the next one. Pure but for OpenSSL. Source: docs.github.com, "Generating a JSON Web Token (JWT)
// for a GitHub App" and "Authenticating as a GitHub App installation".
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace github {

inline constexpr base::Duration kJwtBackdated =
    std::chrono::seconds(60);                                          // For clocks that differ.
inline constexpr base::Duration kJwtLength = std::chrono::minutes(9);  // From iat to exp.

// A JWT signed by RS256: iat 60 s before `now`, exp 9 min after iat, iss `app`. `pem` is an RSA key
// of at least 2048 bits, PKCS#1 or PKCS#8, without a passphrase. Errors: invalid (it is none; the
// key is never shown).
[[nodiscard]] base::Result<std::string> make_app_jwt(std::string_view app, std::string_view pem,
                                                     base::WallTime now);

// A token of an installation, as held.
struct HeldToken {
  std::string token;
  base::Instant renew_at;  // From then on a new one is wanted: after 50 of its 60 minutes.
  base::Instant ends_at;   // From then on it is of no use.
};
// `expires_at` as GitHub said it; one that makes no sense by our clock counts as an hour from now.
[[nodiscard]] HeldToken hold_token(std::string token, base::WallTime expires_at, base::Now now);

// What the token is for.
enum class TokenState { fresh, renewable, ended };
[[nodiscard]] TokenState state_of(const HeldToken& held, base::Instant now);

}  // namespace github
