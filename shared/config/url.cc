#include "config/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace config {
namespace {

base::Error bad_url(std::string_view text, std::string_view why) {
  const std::string shown = base::clean_text(base::cut_utf8(text, 80));
  return {base::ErrorCode::invalid, "\"" + shown + "\" is no URL: " + std::string(why)};
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

}  // namespace

base::Result<Url> parse_url(std::string_view text) {
  Url url;
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return bad_url(text, "it starts with no http://");
  url.scheme = text.substr(0, scheme_end);
  if (url.scheme != "http" && url.scheme != "https")
    return bad_url(text, "it starts with no http://");
  const std::string_view rest = text.substr(scheme_end + 3);
  const auto host_end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, host_end);
  url.target = rest.substr(host_end);
  if (url.target.empty() || url.target[0] != '/') url.target.insert(0, "/");
  if (authority.find('@') != std::string_view::npos) {
    return base::Error{base::ErrorCode::invalid, "a URL must hold no user or password"};
  }
  if (url.target.find('#') != std::string::npos) return bad_url(text, "it holds a #");
  for (const char c : url.target) {
    if (c <= ' ' || c == 0x7F) return bad_url(text, "it holds a space or control character");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return bad_url(text, "its [ is not closed");
    url.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!is_ip_address(url.host)) return bad_url(text, "its host is no IPv6 address");
  } else {
    url.host = authority.substr(0, authority.find(':'));
    port = authority.substr(url.host.size());
    if (!is_host_name(url.host)) return bad_url(text, "its host is missing or no name");
  }
  url.port = url.scheme == "http" ? 80 : 443;
  if (!port.empty()) {
    if (port[0] != ':') return bad_url(text, "something stands between its host and its path");
    port.remove_prefix(1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port < 1 ||
        url.port > 65535) {
      return bad_url(text, "its port is no number from 1 to 65535");
    }
  }
  return url;
}

bool is_ip_address(std::string_view text) {
  const std::string address(text);
  in6_addr parsed{};
  return inet_pton(AF_INET, address.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

bool is_loopback(std::string_view host) {
  const std::string address(host);
  in_addr parsed{};
  if (inet_pton(AF_INET, address.c_str(), &parsed) == 1) return address.starts_with("127.");
  return host == "::1" || host == "localhost";
}

}  // namespace config
