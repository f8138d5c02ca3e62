#include "github/address.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "http/url.h"

namespace github {
namespace {

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::optional<int> port_in(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && port >= 1 && port <= 65535 ? std::optional(port) : std::nullopt;
}

// "host", "host:port" and "[::1]:port". Port 0: none was written.
struct HostPort {
  std::string host;
  int port = 0;
};
std::optional<HostPort> split_host(std::string_view text) {
  HostPort out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    out.host = base::to_lower_ascii(text.substr(1, close - 1));
    rest = text.substr(close + 1);
  } else {
    out.host = base::to_lower_ascii(text.substr(0, text.find(':')));
    rest = text.substr(out.host.size());
  }
  if (out.host.empty()) return std::nullopt;
  if (rest.empty()) return out;
  const auto port = rest[0] == ':' ? port_in(rest.substr(1)) : std::nullopt;
  if (!port) return std::nullopt;
  out.port = *port;
  return out;
}

// Of a proxy's user or password. Control bytes would break a header.
std::optional<std::string> decode_login(std::string_view text) {
  auto decoded = http::percent_decode(text);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; };
  if (decoded && std::any_of(decoded->begin(), decoded->end(), is_control)) return std::nullopt;
  return decoded;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") &&
          host.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

std::optional<Address> parse_api(std::string_view api) {
  while (api.ends_with('/')) api.remove_suffix(1);
  const std::size_t scheme = api.starts_with("https://") ? 8 : api.starts_with("http://") ? 7 : 0;
  if (scheme == 0 || !is_printable(api) || api.find_first_of("@?#", scheme) != std::string::npos) {
    return std::nullopt;
  }
  const std::size_t slash = std::min(api.find('/', scheme), api.size());
  const auto place = split_host(api.substr(scheme, slash - scheme));
  if (!place) return std::nullopt;
  Address address;
  address.origin = api.substr(0, slash);
  address.host = place->host;
  address.tls = scheme == 8;
  address.port = place->port != 0 ? place->port : address.tls ? 443 : 80;
  address.prefix = api.substr(slash);
  return address;
}

std::string clone_url(std::string_view api, std::string_view repository) {
  const auto address = parse_api(api);
  if (!address) return "";
  const std::string origin =
      address->host == "api.github.com" ? "https://github.com" : address->origin;
  return origin + "/" + std::string(repository) + ".git";
}

std::optional<Proxy> parse_proxy(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  while (url.ends_with('/')) url.remove_suffix(1);
  if (!url.starts_with(kScheme) || !is_printable(url)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  if (url.find_first_of("/?#") != std::string_view::npos) return std::nullopt;
  Proxy proxy;
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    const auto login = url.substr(0, at);
    const auto colon = login.find(':');
    if (colon == 0 || colon == std::string_view::npos) return std::nullopt;
    auto user = decode_login(login.substr(0, colon));
    auto password = decode_login(login.substr(colon + 1));
    if (!user || !password || password->empty()) return std::nullopt;
    proxy.user = *std::move(user);
    proxy.password = *std::move(password);
    url.remove_prefix(at + 1);
  }
  const auto place = split_host(url);
  if (!place) return std::nullopt;
  proxy.host = place->host;
  proxy.port = place->port != 0 ? place->port : 80;
  return proxy;
}

bool goes_direct(const Address& address, std::string_view no_proxy) {
  if (is_loopback(address.host)) return true;
  for (const auto part : base::split(no_proxy, ',')) {
    auto entry = base::trim(part);
    if (entry == "*") return true;
    if (entry.starts_with("*.")) entry.remove_prefix(1);
    while (entry.starts_with('.')) entry.remove_prefix(1);
    const auto place = split_host(entry);
    if (!place || (place->port != 0 && place->port != address.port)) continue;
    if (address.host == place->host || address.host.ends_with("." + place->host)) return true;
  }
  return false;
}

}  // namespace github
