// Who is signed in to the pages. Kept in memory alone: a restart signs everybody out.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/time.h"

namespace forge {

struct Session {
  std::string login;
  std::string form_token;
  base::Instant expires;
};

// Not thread-safe.
class Sessions {
 public:
  // The cookie's value; it is kept by its hash only.
  [[nodiscard]] std::string open(const std::string& login, base::Instant now);
  [[nodiscard]] std::optional<Session> find(std::string_view cookie, base::Instant now) const;
  void close(std::string_view cookie);

 private:
  std::map<std::string, Session> sessions_;  // By the cookie's SHA-256.
  base::SystemRandom random_;
};

// The value of the session's cookie within a Cookie header; empty: none.
[[nodiscard]] std::string_view find_session_cookie(std::string_view header);
[[nodiscard]] std::string make_session_cookie(std::string_view value);  // Set-Cookie's text.
[[nodiscard]] std::string make_ended_cookie();

}  // namespace forge
