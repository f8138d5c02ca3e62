// Who may ask the console: the key, the page's session cookie, and what a browser of a foreign site
// may not do. Pure; the caller passes the time. Rules: docs/formats/console-api.md.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "http/http.h"

namespace console {

enum class Verdict {
  allowed,
  missing,  // 401: no key, or a session that ended.
  wrong,    // 403: a key, but not ours.
  foreign,  // 403: sent by a page of another site.
};

inline constexpr std::string_view kSessionCookie = "sre_console";
inline constexpr base::Duration kSessionLength = std::chrono::hours(12);

// 127.0.0.0/8, ::1 and localhost.
[[nodiscard]] bool is_loopback(std::string_view address);

// Judges a request by `key`; an empty key asks for none, and then only requests whose Host is a
// loopback name pass: a foreign name that resolves to us is a DNS rebinding attack. A session
// cookie opens reading (GET, HEAD) alone. Keys are compared in constant time.
[[nodiscard]] Verdict judge_access(const http::Request& request, std::string_view key,
                                   base::WallTime now);

// The value of the page's cookie: when it ends, sealed with the key. It dies with the key.
[[nodiscard]] std::string make_session(std::string_view key, base::WallTime now);
[[nodiscard]] bool is_session(std::string_view value, std::string_view key, base::WallTime now);

}  // namespace console
