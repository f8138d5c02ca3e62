// The few facts about URLs and addresses that configuration checks need. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace config {

// An http:// or https:// address without user, password or fragment.
struct Url {
  std::string scheme;  // "http" or "https".
  std::string host;    // Name, IPv4, or IPv6 without brackets.
  int port = 0;        // 1 to 65535; the scheme's own when none is written.
  std::string target;  // Path and query, at least "/".
};

// Errors: invalid; the message says what is wrong and repeats the host and path only.
[[nodiscard]] base::Result<Url> parse_url(std::string_view text);

[[nodiscard]] bool is_ip_address(std::string_view text);  // IPv4 dotted or IPv6.
// 127.0.0.0/8, ::1 and the name localhost.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace config
