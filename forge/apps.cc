#include "forge/apps.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/hash.h"
#include "base/text.h"
#include "forge/app_codec.h"
#include "forge/rs256.h"

namespace forge {
namespace {

constexpr std::chrono::minutes kTokenSpan{60};
constexpr std::int64_t kSkewS = 60;      // A clock may be ahead of ours by so much.
constexpr std::int64_t kJwtSpanS = 600;  // GitHub's longest.
constexpr std::size_t kTokensMax = 10'000;
constexpr std::size_t kTokenBytes = 18;  // 36 characters.

base::Error denied(std::string why) { return {base::ErrorCode::denied, std::move(why)}; }

const char* const kUndecodable = "A JSON web token could not be decoded";

}  // namespace

bool Apps::is_jwt(std::string_view token) {
  return std::count(token.begin(), token.end(), '.') == 2;
}

base::Result<const App*> Apps::read_jwt(std::string_view token, base::WallTime now) const {
  const auto parts = base::split(token, '.');
  if (parts.size() != 3) return denied(kUndecodable);
  const auto header = base::decode_base64url(parts[0]);
  const auto payload = base::decode_base64url(parts[1]);
  const auto signature = base::decode_base64url(parts[2]);
  if (!header || !payload || !signature) return denied(kUndecodable);
  const auto claims = parse_jwt(*header, *payload);
  if (!claims.ok()) return denied(claims.error().message);
  const auto app = std::find_if(apps_.begin(), apps_.end(), [&](const App& one) {
    return claims->issuer == std::to_string(one.id) || claims->issuer == client_id_of(one);
  });
  if (app == apps_.end()) return denied("Integration not found");
  const std::string_view signed_part = token.substr(0, token.rfind('.'));
  const bool is_signed = std::any_of(
      app->public_keys.begin(), app->public_keys.end(),
      [&](const std::string& key) { return verify_rs256(key, signed_part, *signature); });
  if (!is_signed) return denied(kUndecodable);
  const std::int64_t now_s = base::to_ms(now) / 1000;
  if (claims->issued_s > now_s + kSkewS) {
    return denied(
        "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was"
        " issued");
  }
  if (claims->expires_s <= now_s) {
    return denied(
        "'Expiration time' claim ('exp') must be a numeric value representing the future"
        " time at which the assertion expires");
  }
  if (claims->expires_s > now_s + kJwtSpanS) {
    return denied("'Expiration time' claim ('exp') is too far in the future");
  }
  return &*app;
}

InstallationToken Apps::make_token(const App& app, base::WallTime now) {
  std::erase_if(given_, [&](const auto& entry) { return entry.second.expires <= now; });
  if (given_.size() >= kTokensMax) {
    given_.erase(std::min_element(given_.begin(), given_.end(), [](const auto& a, const auto& b) {
      return a.second.expires < b.second.expires;
    }));
  }
  InstallationToken token{"ghs_" + base::make_token(random_, kTokenBytes), now + kTokenSpan};
  given_[base::sha256_hex(token.text)] = {&app, token.expires};
  return token;
}

const App* Apps::find_token(std::string_view token, base::WallTime now) const {
  const auto found = given_.find(base::sha256_hex(token));
  return found == given_.end() || found->second.expires <= now ? nullptr : found->second.app;
}

}  // namespace forge
