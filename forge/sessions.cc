#include "forge/sessions.h"

#include <algorithm>
#include <chrono>

#include "base/hash.h"
#include "base/text.h"

namespace forge {
namespace {

constexpr std::size_t kSessionsMax = 1000;
constexpr std::chrono::hours kSessionSpan{12};
constexpr std::string_view kCookie = "forge_session";
constexpr std::string_view kCookieRules = "; Path=/; HttpOnly; SameSite=Strict; Max-Age=";

}  // namespace

std::string Sessions::open(const std::string& login, base::Instant now) {
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.expires <= now; });
  if (sessions_.size() >= kSessionsMax) {
    sessions_.erase(std::min_element(
        sessions_.begin(), sessions_.end(),
        [](const auto& a, const auto& b) { return a.second.expires < b.second.expires; }));
  }
  std::string cookie = base::make_token(random_, 32);
  sessions_[base::sha256_hex(cookie)] = {login, base::make_token(random_, 32), now + kSessionSpan};
  return cookie;
}

std::optional<Session> Sessions::find(std::string_view cookie, base::Instant now) const {
  const auto found = sessions_.find(base::sha256_hex(cookie));
  if (found == sessions_.end() || found->second.expires <= now) return std::nullopt;
  return found->second;
}

void Sessions::close(std::string_view cookie) { sessions_.erase(base::sha256_hex(cookie)); }

std::string_view find_session_cookie(std::string_view header) {
  for (const std::string_view part : base::split(header, ';')) {
    const std::string_view pair = base::trim(part);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == kCookie) {
      return pair.substr(equals + 1);
    }
  }
  return {};
}

std::string make_session_cookie(std::string_view value) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(kSessionSpan).count();
  return std::string(kCookie) + "=" + std::string(value) + std::string(kCookieRules) +
         std::to_string(age);
}

std::string make_ended_cookie() {
  return std::string(kCookie) + "=" + std::string(kCookieRules) + "0";
}

}  // namespace forge
