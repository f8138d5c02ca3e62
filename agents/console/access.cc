#include "agents/console/access.h"

#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "base/text.h"
#include "http/url.h"

namespace console {
namespace {

// "127.0.0.1:7080" and "[::1]:7080" without port and brackets.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

std::string_view cookie(const http::Request& request, std::string_view name) {
  for (const auto part : base::split(request.header("Cookie"), ';')) {
    const auto pair = base::trim(part);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name)
      return pair.substr(equals + 1);
  }
  return {};
}

std::string seal(std::string_view key, std::string_view expires) {
  return base::hmac_sha256_hex(key, "console session " + std::string(expires));
}

bool is_read(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

bool is_loopback(std::string_view address) {
  if (address == "::1" || base::equal_ignoring_case(address, "localhost")) return true;
  const bool is_dotted = address.find_first_not_of("0123456789.") == std::string_view::npos;
  return is_dotted && address.starts_with("127.") &&
         std::count(address.begin(), address.end(), '.') == 3;
}

Verdict judge_access(const http::Request& request, std::string_view key, base::WallTime now) {
  const bool is_ours = http::is_same_origin(request.header("Origin"), request.header("Host"));
  if (!is_read(request) && !is_ours) return Verdict::foreign;
  if (key.empty())
    return is_loopback(host_name(request.header("Host"))) ? Verdict::allowed : Verdict::foreign;
  std::string_view given = request.header("X-API-Key");
  if (given.empty()) {
    const auto authorization = request.header("Authorization");
    constexpr std::string_view kBearer = "bearer ";
    if (base::equal_ignoring_case(authorization.substr(0, kBearer.size()), kBearer)) {
      given = base::trim(authorization.substr(kBearer.size()));
    } else if (!authorization.empty()) {
      return Verdict::wrong;
    }
  }
  // Hashes are compared, so that not even the key's length shows in the time taken.
  if (!given.empty()) {
    const bool is_key = base::equal_constant_time(base::sha256_hex(given), base::sha256_hex(key));
    return is_key ? Verdict::allowed : Verdict::wrong;
  }
  const bool has_session =
      is_read(request) && is_session(cookie(request, kSessionCookie), key, now);
  return has_session ? Verdict::allowed : Verdict::missing;
}

std::string make_session(std::string_view key, base::WallTime now) {
  const auto expires = std::to_string(base::to_ms(now) + base::to_ms(kSessionLength));
  return expires + "." + seal(key, expires);
}

bool is_session(std::string_view value, std::string_view key, base::WallTime now) {
  const auto dot = value.find('.');
  if (key.empty() || dot == std::string_view::npos) return false;
  const auto expires = value.substr(0, dot);
  std::int64_t expires_ms = 0;
  const auto [end, error] =
      std::from_chars(expires.data(), expires.data() + expires.size(), expires_ms);
  if (error != std::errc() || end != expires.data() + expires.size()) return false;
  return base::equal_constant_time(value.substr(dot + 1), seal(key, expires)) &&
         base::to_ms(now) < expires_ms;
}

}  // namespace console
