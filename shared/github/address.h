// Where GitHub is and the way there: the API's address, and a proxy before it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace github {

struct Address {
  std::string origin;  // "https://host:port", as it was written.
  std::string host;    // Lower case, without brackets.
  int port = 0;
  bool tls = false;
  std::string prefix;  // "" or "/api/v3"; never ends in '/'.
};

// "https://api.github.com", "https://host:8443/api/v3/". Nothing for anything else: another scheme,
// a user, a query, a fragment, a space.
[[nodiscard]] std::optional<Address> parse_api(std::string_view api);

// Where git finds the repository of this API: "https://github.com/owner/name.git" for
// api.github.com, else on the API's own host, without its prefix. Empty for no address of an API.
[[nodiscard]] std::string clone_url(std::string_view api, std::string_view repository);

struct Proxy {
  std::string host;
  int port = 0;
  std::string user, password;  // Both or none; percent-decoded.
};

// "http://user:password@host:port". Nothing for anything else; a proxy that itself speaks TLS too.
[[nodiscard]] std::optional<Proxy> parse_proxy(std::string_view url);

// Does a NO_PROXY list ("localhost,.corp.example,10.0.0.7:8443,*") name this address? A name also
// names what is below it. Loopback is always named.
[[nodiscard]] bool goes_direct(const Address& address, std::string_view no_proxy);

}  // namespace github
